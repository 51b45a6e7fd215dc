"""Checks that no test depends on the speed of the machine.

`python -m tests.steady load` runs the suite beside busy processes, and `python -m tests.steady fast` runs it with fast
decoding. `make steady` runs both.
"""
