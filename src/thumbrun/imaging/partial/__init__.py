"""Which bytes of an object a thumbnail needs, from the bytes that are already there. Pure: no pixels, no I/O.

A task reads what is said to be missing, and the decoding process makes of the same bytes, by the same function, the
shorter file that its decoder gets. So what is read in part and what is read whole become the same pixels.
"""
