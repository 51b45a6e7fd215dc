"""The stores of objects: Cloud Storage, a local folder and memory, all behind one narrow protocol."""
