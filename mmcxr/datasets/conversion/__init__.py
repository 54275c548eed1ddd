"""Published datasets -> our table, one file per source."""
