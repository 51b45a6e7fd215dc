"""Processes that decode images, and may die of them."""
