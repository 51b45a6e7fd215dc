"""The bench, which measures thumbrun part by part: `python -m bench <part>`."""
