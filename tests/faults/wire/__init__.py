"""Tests of real tasks over a wire that fails: a proxy before the emulator, kills, and an independent oracle."""
