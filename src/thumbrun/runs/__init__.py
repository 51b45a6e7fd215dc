"""What a run is, and what of it lies on the store."""
