"""Real tasks over a wire that fails: a proxy between them and the emulator, kills, and an oracle of its own."""
