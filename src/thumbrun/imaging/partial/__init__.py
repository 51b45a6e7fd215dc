"""Finds which bytes of an object a thumbnail needs, from the bytes that are already there. Pure: no pixels, no I/O.

A task reads the bytes that are missing. The decoding process uses the same function on the same bytes, and makes a
shorter file for its decoder. So an image becomes the same pixels, whether thumbrun reads it in part or whole.
"""
