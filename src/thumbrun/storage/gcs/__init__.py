"""The store for Cloud Storage, with an HTTP client of its own."""
