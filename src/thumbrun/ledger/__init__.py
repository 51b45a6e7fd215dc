"""The outcome of every item, written down in parts and read back."""
