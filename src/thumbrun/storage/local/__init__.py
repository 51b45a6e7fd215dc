"""The store for a local folder, which behaves like a bucket."""
