"""What a log must not carry, taken out of whatever is said. Pure.

Messages of other libraries and of stores may quote requests: their authorisation, signed URLs, keys. What looks like a
secret is replaced, also where a name merely looks like one; so each pattern is as narrow as the secret allows.
"""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

# Each keeps what `kept` matches, so that one sees what was there.
_SECRETS = re.compile(
    r"""
      (?P<header> \b authorization ['"]? \s* [:=] \s* ['"]? (?: (?:bearer|basic) \s+ )? ) [^\s'",;]{8,}
    | (?P<scheme> \b bearer \s+ ) (?= [\w.~+=-]* [0-9] ) [\w.~+/=-]{16,}           # a token out of its header
    | \b ya29\.[\w.-]{8,}                                                          # Google's access tokens
    | \b 1//0[\w-]{20,}                                                            # its refresh tokens
    | \b (?-i:AIza)[\w-]{30,}                                                      # its API keys
    | \b (?-i:eyJ)[\w-]{8,}\.(?-i:eyJ)[\w-]{8,}\.[\w-]*                            # JSON web tokens
    | (?P<signed> [?&] (?: X-Goog-Signature | X-Amz-Signature | X-Amz-Security-Token | Signature | access_token | key
        | upload_id ) = ) [^&\s'"]+                                                # parts of URLs
    | (?P<form> \b (?: client_secret | refresh_token ) = ) [^&\s'"]+               # of bodies that ask for a token
    | (?P<member> ['"] (?: private_key | private_key_id | client_secret | refresh_token | access_token | id_token
        | subject_token | password ) ['"] \s* : \s* ['"] ) (?: [^'"\\] | \\. )*    # credential files
    | -----BEGIN\ [A-Z0-9\ ]*PRIVATE\ KEY----- .*? (?: -----END\ [A-Z0-9\ ]*PRIVATE\ KEY----- | \Z )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KEPT = ("scheme", "header", "signed", "form", "member")


def redacted(text: str) -> str:
    """Return the text without secrets.

    >>> redacted("Authorization: Bearer ya29.abcdefghijk was refused")
    'Authorization: Bearer [redacted] was refused'
    """
    return _SECRETS.sub(_replacement, text)


def redacted_value(value: Any) -> Any:
    """Return a value of an event without secrets, however deep: mappings and sequences included."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(str(key)): redacted_value(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(member) for member in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))  # an error, a URL, bytes: what a log would make of it anyway


def _replacement(found: re.Match[str]) -> str:
    kept = next((found[name] for name in _KEPT if found[name]), "")
    return f"{kept}{REDACTED}"
