"""One stream of events: for people on a terminal, for files as lines, for Cloud Logging as JSON."""
