"""The exit codes that no error has; `cli` tells all of them."""

INCOMPLETE = 1  # a part of the source could not be listed
STRICT_FAILURE = 3  # images failed, and `--strict` counts that
HAS_ERRORS = 3  # `doctor` found something that keeps a run from working
