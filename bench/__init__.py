"""Measures thumbrun, part by part: `python -m bench <part>`."""
