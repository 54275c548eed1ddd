"""Published split lists: read as they are, without the images they name."""
