"""Thumbnails of every image under a Cloud Storage prefix, in parallel tasks that lose nothing when they die."""

__version__ = "0.1.0"
