"""Colours: the modes of pictures, profiles, colours by number, and the way to sRGB."""
