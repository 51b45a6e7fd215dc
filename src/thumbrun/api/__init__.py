"""The functions that `import thumbrun` offers: what the commands do, for programs."""
