"""Check that a run is complete and that every thumbnail is right."""
