"""TIFF: what its tags say, which of it thumbrun draws itself, and how."""
