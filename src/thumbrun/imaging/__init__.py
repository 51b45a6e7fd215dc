"""From an image's bytes to a thumbnail's bytes, in processes that may die of it."""
