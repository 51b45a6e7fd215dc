"""Where objects live: Cloud Storage, a local folder, memory, behind one narrow protocol."""
