"""A folder that behaves like a bucket."""
