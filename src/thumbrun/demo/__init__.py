"""The `thumbrun demo` command, which shows thumbrun at work on sample pictures, on this machine alone."""
