"""Cloud Storage, asked over connections of our own."""
