"""Turns an image's bytes into a thumbnail's bytes, in processes that an image can crash."""
