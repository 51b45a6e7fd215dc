"""PNG: its chunks, what its colours mean, and its pixels."""
