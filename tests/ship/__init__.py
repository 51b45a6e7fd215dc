"""Tests of what is around the program: what ships, and the commands that ship it."""
