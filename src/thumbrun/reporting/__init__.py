"""The contact sheet of a run: a page that shows the outcome of every image."""
