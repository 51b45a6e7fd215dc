"""`thumbrun demo`: see it work on sample pictures, with nothing but this machine."""
