"""Checks whether a run can work here: machine, decoders, credentials, buckets and folders. It mends nothing."""
