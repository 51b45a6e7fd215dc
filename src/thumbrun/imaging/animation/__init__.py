"""Animations: their frames, what one sees of them, and animated thumbnails."""
