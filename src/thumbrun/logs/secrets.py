"""Removes secrets from everything that is logged. Pure.

Messages of other libraries and of stores can quote requests with their authorisation, signed URLs and keys, and can
quote each other. So thumbrun reads a text as it stands, and as it was before each layer of quoting: before JSON, HTML
or a URL escaped it. In each of these readings it looks for what has the name of a secret and is given a value, and
for what shows by its own shape that it is a secret. It replaces these places in the text.

thumbrun replaces everything that looks like a secret, even a name that only looks like one. So an everyday word, such
as "token", counts only where what follows it is no name of a file.
"""

import base64
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"

# Layers of quoting that are taken off. Few texts have more than three, because each layer doubles the backslashes. The
# limit keeps the time for a hostile text in proportion to its length.
LAYERS = 5

_ESCAPE = re.compile(
    r"""
      \\ (?: [\\/'"`abfnrtv] | x[0-9A-Fa-f]{2} | [0-3][0-7]{2} )
    | \\ (?: u[0-9A-Fa-f]{4} | u\{[0-9A-Fa-f]{1,4}\} | U0000[0-9A-Fa-f]{4} )
    | % (?: [0-9A-Fa-f]{2} | u[0-9A-Fa-f]{4} )
    | & (?: \#[0-9]{1,6} | \#[Xx][0-9A-Fa-f]{1,5} | [A-Za-z]{2,8} ) ;
    """,
    re.VERBOSE,
)
_CONTROLS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))

# Names that only a secret has. The names of libraries and stores differ in case and in what joins their words.
_NAMES = r"""(?: authorization | set-cookie | password | passwd | passphrase | assertion | upload_?id
    | (?: access | auth | id | refresh | security | session | subject ) [_-]? token | client [_-]? secret
    | (?: account | api | encryption | private | secret | access ) [_-]? key (?: [_-]? id )? | [_-] signature )"""
_WORDS = r"(?: token | secret | signature | cookie | credentials? | pwd )"  # Everyday words, which can be secrets, too
_PARAMETERS = r"(?: key | sig )"  # these are secrets only in a URL

_SPACE = r"[\s+]"  # a form has plus signs for spaces
_SIGN = rf"{_SPACE}*+ [:=>] [\s+:=>|]*+"
# A mapping has a sign after the name. A pair has a comma, and quotes on both sides of it; some have the name "value".
_IS = rf"""(?: ['"]? \]? {_SIGN}
    | ['"] {_SPACE}*+ , {_SPACE}*+ (?: ['"]? value ['"]? {_SIGN} )?+ (?= [\[(]? {_SPACE}*+ [bru]? ['"] ) )"""
_OPEN = r"""(?P<list> [\[(] (?= [\s+]*+ [bru]? ['"] ) [\s+]*+ )? [bru]? (?P<open> "{3} | '{3} | ['"] )"""
_SCHEME = (
    rf"(?: (?: basic | bearer | digest | dpop | negotiate | ntlm | oauth | [a-z0-9]+-hmac-[a-z0-9]+ ) {_SPACE}++ )?+"
)
_QUOTED = r"(?: \\. | (?! (?P=open) ) . )*+"
# A word has no brackets at its end, because these can belong to what is around it. It goes on after a colon, because
# what is before the colon can be the name of another secret.
_CHARACTER = r"""[^\s'"`&<\\,;)\}\]]"""
_WORD = rf"""(?: {_CHARACTER} | [,;)\}}\]]++ (?= {_CHARACTER} ) | (?<= : ) \s++ (?= {_CHARACTER} ) )++"""
_PAIR = rf"""[\w.-]++ = (?! \[redacted\] ) (?: "[^"]*+" | {_WORD} )"""
_PAIRS = rf"{_PAIR} (?: [,;] [\s+]*+ {_PAIR} )*+"
_OPAQUE = r"(?= [\w.~+/=%-]{0,63} [0-9] ) [\w.~+/=%-]{16,}"  # no name that somebody chose
_OPAQUE_WORD = (
    r"(?= [\w~+/=%-]{0,63} [0-9] ) [\w~+/=%-]{16,}+ (?! \. [a-z]{2,4} \b )"  # the same, and no name of a file
)

_BARE = rf"(?: {_PAIRS} | {_WORD} ) (?: {_SPACE} {_OPAQUE} )*+"
_VALUE = rf"(?(open) {_QUOTED} (?(list) (?: (?P=open) [\s+]*+ , [\s+]*+ [bru]? (?P=open) {_QUOTED} )*+ ) | {_BARE} )"

# In lower case: Python takes three times as long for patterns that ignore it.
_NAME = re.compile(
    rf"""(?: (?P<parameter> (?<= [?&;\#] ) (?: {_WORDS} | {_PARAMETERS} ) (?= = ) )
        | (?P<name> {_NAMES} ) | (?P<word> {_WORDS} ) )
        (?= ['"\]\s+:=>] )""",
    re.VERBOSE,
)
# What follows a name. What comes before "kept" ends stays, so that the reader sees what kind of secret was there.
_ASSIGNED = {
    kind: re.compile(rf"(?P<kept> {kept} ) (?! \[redacted\] ) {value}", re.VERBOSE | re.IGNORECASE | re.DOTALL)
    for kind, kept, value in (
        ("parameter", "=", _BARE),
        ("name", rf"{_IS} (?: {_OPEN} | \[ (?! redacted ) )?+ {_SCHEME}", _VALUE),
        # An everyday word needs quotes around itself and its value, or a value that no name of a file has.
        (
            "word",
            rf"""(?: (?P<key> ['"] \]? {_SIGN} (?= [\[(]? [\s+]*+ [bru]? ['"] ) ) | {_IS} ) (?: {_OPEN} )?+
                (?(key) | (?= {_PAIR} | {_OPAQUE_WORD} ) )""",
            _VALUE,
        ),
    )
}
_SHAPED = re.compile(
    r"""
      (?P<scheme> \b bearer [\s+]++ ) OPAQUE
    | (?P<user> :// [^\s/?\#@:'"\\]{0,64} : ) (?: (?! \[redacted\] ) [^\s/?\#@'"\\] ){1,256} (?= @ )  # of an address
    | (?<![a-z0-9]) (?:
        ya29\.[\w.-]{8,}                                    # Google's access tokens
      | 1//0[\w-]{20,}                                      # its refresh tokens
      | (?-i:AIza)[\w-]{30,}                                # its API keys
      | (?-i:eyJ)[\w-]{8,600}+\.(?-i:eyJ)[\w.-]{8,} )      # JSON web tokens
    | -----BEGIN [A-Z0-9\s+]{1,40}? PRIVATE [\s+] KEY [A-Z\s+]{0,8} -----
        .*? (?: -----END [A-Z0-9\s+]{1,40}? PRIVATE [\s+] KEY [A-Z\s+]{0,8} ----- | \Z )
    """.replace("OPAQUE", _OPAQUE),
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_NAME_ALONE = re.compile(rf"(?: {_NAMES} | {_WORDS} ) ['\"]? \Z", re.VERBOSE | re.IGNORECASE)

_BASE64 = re.compile(r"[\w+/-]{24,}+ (?: (?<= [\w+/-]{60} ) \r?\n [\w+/-]++ )*+ ={0,2}", re.VERBOSE | re.ASCII)
_URL_SAFE = str.maketrans("-_", "+/", "\r\n=")
_PRINTABLE = re.compile(r"[\t\r\n -~]{16,}")


def redacted(text: str) -> str:
    """Return a text with its secrets replaced.

    >>> redacted("Authorization: Bearer ya29.abcdefghijk was refused")
    'Authorization: Bearer [redacted] was refused'
    """
    parts = []
    end = 0
    for first, last in _merged(_secrets(text)):
        parts += [text[end:first], REDACTED]
        end = last
    return "".join([*parts, text[end:]])


def redacted_value(value: Any) -> Any:
    """Return a value of an event with its secrets replaced, at any depth of mappings and sequences."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(str(name)): _redacted_member(name, member) for name, member in value.items()}
    if isinstance(value, list | tuple) and len(value) == 2:  # as headers often are
        return [redacted_value(value[0]), _redacted_member(*value)]
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(member) for member in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))  # a log would turn an error, a URL or bytes into text, too


def _redacted_member(name: Any, value: Any) -> Any:
    """Return the value that a mapping or a pair gives a name, without secrets."""
    named = isinstance(name, str | bytes) and _NAME_ALONE.search(str(name))
    return REDACTED if named and value is not None else redacted_value(value)


def _merged(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places in order, each as long as all that overlap or touch."""
    first = last = -1
    for start, end in sorted(spans):
        if start > last:
            if last > first:
                yield first, last
            first = start
        last = max(last, end)
    if last > first:
        yield first, last


def _secrets(text: str, *, encoded: bool = True) -> Iterator[tuple[int, int]]:
    """Yield the places of a text's secrets, in any order. Base64 is looked into only if `encoded`."""
    reading = text
    places: Sequence[int] = range(len(text) + 1)  # where in the text each character of the reading begins
    for layer in range(LAYERS + 1):
        for first, last in _plain_secrets(reading):
            yield places[first], places[last]
        if layer == LAYERS or not _ESCAPE.search(reading):
            break
        reading, places = _unquoted(reading, places)
    if encoded:  # no escape is part of base64, so the last reading has all of it
        for run in _BASE64.finditer(reading):
            if _encodes_a_secret(run[0]):
                yield places[run.start()], places[run.end()]


def _plain_secrets(reading: str) -> Iterator[tuple[int, int]]:
    """Yield the places of what is a secret in this reading of a text."""
    for found in _SHAPED.finditer(reading):
        yield max(found.start(), found.end("scheme"), found.end("user")), found.end()
    end = 0
    for name in _NAME.finditer(reading.replace("\u0130", "i").lower()):  # no other character becomes two
        if name.start() >= end and (given := _ASSIGNED[name.lastgroup or ""].match(reading, name.end())):
            end = given.end()
            yield given.end("kept"), end


def _unquoted(reading: str, places: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Return the reading without one layer of quoting, and the places of its characters."""
    parts = []
    moved: list[int] = []
    end = 0
    for escape in _ESCAPE.finditer(reading):
        character = _character(escape[0])
        parts += [reading[end : escape.start()], character]
        moved += places[end : escape.start()]
        moved += [places[escape.start()]] * len(character)
        end = escape.end()
    return "".join([*parts, reading[end:]]), [*moved, *places[end:]]


@lru_cache(1024)
def _character(escape: str) -> str:
    """Return what an escape stands for."""
    if escape[0] == "&":
        return html.unescape(escape)
    kind, digits = escape[1], escape.strip("\\%xuU{}")
    if escape[0] == "%" or kind in "xuU":
        return chr(int(digits, 16))
    return chr(int(digits, 8)) if kind.isdigit() else _CONTROLS.get(kind, kind)


def _encodes_a_secret(run: str) -> bool:
    """Return whether characters that can be base64 encode a text with a secret."""
    digits = run.translate(_URL_SAFE)
    for start in range(4):  # the end of a path, or of another word, can stand directly before the base64
        whole = digits[start : start + (len(digits) - start) // 4 * 4]
        decoded = base64.b64decode(whole).decode("latin-1")
        for found in _PRINTABLE.finditer(decoded):
            if next(_secrets(found[0], encoded=False), None):
                return True
    return False
