"""The processes that decode images. An image can crash its process without harming the task."""
