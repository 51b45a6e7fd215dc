"""Counts, sizes and durations as text for people. Pure."""

from collections.abc import Iterable


def size(amount: int) -> tuple[str, str]:
    """Return a size in bytes as a number of at most three digits and its unit; units are powers of ten.

    >>> size(999), size(1_234_567), size(183_800), size(999_999)
    (('999', 'bytes'), ('1.2', 'MB'), ('184', 'kB'), ('1.0', 'MB'))
    """
    if amount < 1000:
        return f"{amount:,}", "byte" if amount == 1 else "bytes"
    value, unit = amount / 1000, "kB"
    for larger in ("MB", "GB", "TB", "PB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return (f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"), unit


def duration(seconds: float) -> tuple[str, str]:
    """Return a duration as a number and its unit.

    >>> duration(4.24), duration(192), duration(3840)
    (('4.2', 's'), ('3:12', 'min'), ('1:04', 'h'))
    """
    if seconds < 59.95:
        return f"{seconds:.1f}", "s"
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60:,}:{minutes % 60:02d}", "h"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}", "min"


def saving(source: int, output: int) -> str:
    """Return by how much the output is smaller than the source, as words that complete 'The thumbnails are …'.

    >>> saving(1000, 37), saving(100_000, 37), saving(10, 20), saving(0, 0)
    ('96 % smaller', '99.96 % smaller', 'not smaller', '')
    """
    if source <= 0:
        return ""
    if output >= source:
        return "not smaller"
    percent = 100 * (1 - output / source)
    for digits in (0, 1, 2):
        rounded = f"{percent:.{digits}f}"
        if float(rounded) < 99.5 or digits == 2:
            break
    return f"{min(float(rounded), 99.99):g} % smaller"


def spoken(seconds: float) -> str:
    """Return a duration with its unit.

    >>> spoken(0.0123), spoken(192)
    ('12 ms', '3:12 min')
    """
    return f"{seconds * 1000:.0f} ms" if seconds < 0.0995 else " ".join(duration(seconds))


def alike(column: Iterable[float]) -> list[str]:
    """Return durations of one column of a table, all with the same unit and as many digits, so that they compare.

    >>> alike([0.012, 0.004]), alike([4.24, 0.012]), alike([4.24, 0]), alike([4000, 0.3])
    (['12 ms', '4 ms'], ['4.240 s', '0.012 s'], ['4.2 s', '0.0 s'], ['4,000.0 s', '0.3 s'])
    >>> alike([192, 12.3]), alike([3840, 59])
    (['3:12 min', '0:12 min'], ['1:04:00 h', '0:00:59 h'])
    """
    values = list(column)
    longest, least = max(values, default=0.0), min((value for value in values if value), default=0.0)
    if longest < 0.0995:
        return [f"{value * 1000:.0f} ms" for value in values]
    if longest < 59.95 or least < 0.95:
        return [f"{value:,.{3 if least < 0.0995 else 1}f} s" for value in values]
    whole = [round(value) for value in values]
    if max(whole) < 3600:
        return [f"{value // 60}:{value % 60:02d} min" for value in whole]
    return [f"{value // 3600:,}:{value // 60 % 60:02d}:{value % 60:02d} h" for value in whole]


def percent(share: float) -> str:
    """Return a share as a whole number of percent; what is not nothing is not shown as nothing.

    >>> percent(0.5), percent(0.001), percent(0)
    ('50 %', '< 1 %', '0 %')
    """
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
