"""Tells whether a JPEG has all the scans of its picture, if nothing marks its end. Pure."""

import re

_SOS = 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # a marker that ends a scan: neither a stuffed byte nor a restart
_MOST_SEGMENTS = 10_000
_COEFFICIENTS = 64


def are_all_sent(body: bytes, *, progressive: bool) -> bool:
    """Whether there is a scan for each component, and for a progressive JPEG for each bit of each coefficient (G.1.1).

    The last of these scans can still be cut short.

    Args:
        body: The file.
        progressive: Whether its picture is progressive.
    """
    components: list[int] = []
    lacking: dict[tuple[int, int], int] = {}  # how many last bits of a component's coefficient are missing
    at = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(body, at)
        if not found or found.start() + 4 > len(body):
            break
        marker, start = body[found.start() + 1], found.start() + 4
        if marker in _WITHOUT_LENGTH:
            at = start - 2
            continue
        end = start - 2 + int.from_bytes(body[start - 2 : start], "big")
        if marker in _FRAMES:
            components = list(body[start + 6 : end : 3])
        elif marker == _SOS and end <= len(body):
            _note(lacking, body[start:end], progressive=progressive)
        at = max(end, start)
    return bool(components) and all(
        lacking.get((name, coefficient), 1) == 0 for name in components for coefficient in range(_COEFFICIENTS)
    )


def _note(lacking: dict[tuple[int, int], int], head: bytes, *, progressive: bool) -> None:
    """Note what a scan brings, given its header (B.2.3)."""
    if not head or len(head) < 4 + 2 * head[0]:
        return
    first, last, bits = head[1 + 2 * head[0] : 4 + 2 * head[0]]
    if not progressive:
        first, last, bits = 0, _COEFFICIENTS - 1, 0
    for name in head[1 : 1 + 2 * head[0] : 2]:
        for coefficient in range(first, min(last, _COEFFICIENTS - 1) + 1):
            lacking[name, coefficient] = bits & 15
