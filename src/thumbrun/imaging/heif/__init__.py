"""HEIC and AVIF: the boxes that both have, and the pictures in them."""
