"""Shows that no test depends on how fast the machine is: beside busy processes, and with decoding that takes no time.

`python -m tests.steady load` and `python -m tests.steady fast` run the suite so; `make steady` runs both.
"""
