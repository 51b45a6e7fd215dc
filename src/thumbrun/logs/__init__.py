"""The stream of a task's events: a progress bar on a terminal, lines in a file, JSON for Cloud Logging."""
