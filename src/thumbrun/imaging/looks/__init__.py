"""The looks of a thumbnail, for whoever shows it before it is there: its dominant colour and its placeholder."""
