"""Whether splits leak, contradict each other or are not what they say."""
