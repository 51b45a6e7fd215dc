"""JPEG 2000: its headers, and its pixels by OpenJPEG."""
