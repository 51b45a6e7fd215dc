"""Runs: how tasks agree on one, and the records of a run on the store."""
