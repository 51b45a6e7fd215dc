"""What one task does with its shards."""
