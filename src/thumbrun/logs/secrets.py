"""Removes secrets from everything that is logged. Pure.

Messages of other libraries and of stores can quote requests with their authorisation, signed URLs and keys. thumbrun
replaces everything that looks like a secret, even a name that only looks like one. So each pattern is as narrow as the
secret allows.
"""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

# A message can quote a text that was quoted before, so a quote can be \", %22, %2522 and so on. The patterns limit the
# number of such layers, so that no text takes long.
_PERCENT = r"% (?:25){0,3}"
_QUOTE = rf"(?: \\{{0,8}} ['\"] | {_PERCENT} 22 | &quot; | &\#34; )"
_SPACE = rf"(?: \s | {_PERCENT} 20 | \+ )"
_COLON = rf"(?: [:=] | {_PERCENT} 3[AD] )"
_SLASH = rf"(?: \\{{0,8}} / | {_PERCENT} 2F )"
_AND = r"(?: [?&] | &amp; | \\{1,8} u0026 )"
_AND_QUOTED = rf"{_PERCENT} (?: 3F | 26 )"
_START = r"""(?: \b | (?<= \\[nrt]) | (?<= u0026) | (?<= %[0-9A-F]{2}) | (?<= %25[0-9A-F]{2}) | (?<= %2525[0-9A-F]{2})
    )"""  # the start of a word, also after an escape
_PARAMETERS = r"""(?: X-Goog-Signature | X-Amz-Signature | X-Amz-Security-Token | Signature | access_token | id_token
    | client_secret | refresh_token | assertion | subject_token | key | upload_id )"""
_MEMBERS = r"""(?: private_key | private_key_id | client_secret | refresh_token | access_token | id_token | assertion
    | subject_token | password | X-Goog-Signature | X-Amz-Signature | X-Amz-Security-Token )"""

# Each pattern keeps the text of its named group, so that the reader sees what kind of secret was there.
_SECRETS = re.compile(
    rf"""
      (?P<header> {_START} authorization {_QUOTE}? {_SPACE}* {_COLON} {_SPACE}* {_QUOTE}?
        (?: (?:bearer|basic) {_SPACE}+ )? ) [^\s'",;\\]{{8,}}
    | (?P<scheme> {_START} bearer {_SPACE}+ ) (?= [\w.~+=%-]* [0-9] ) [\w.~+/=%-]{{16,}}     # a token out of its header
    | {_START} ya29\.[\w.-]{{8,}}                                                          # Google's access tokens
    | {_START} 1 {_SLASH}{{2}} 0 [\w-]{{20,}}                                                # its refresh tokens
    | {_START} (?-i:AIza)[\w-]{{30,}}                                                      # its API keys
    | {_START} (?-i:eyJ)[\w-]{{8,}}\.(?-i:eyJ)[\w-]{{8,}}\.[\w-]*                            # JSON web tokens
    | (?P<signed> {_AND} {_PARAMETERS} = ) [^&\s'"\\]+                                       # parts of URLs
    | (?P<quoted> {_AND_QUOTED} {_PARAMETERS} {_PERCENT} 3D ) (?: (?! {_PERCENT} 26 ) [^&\s'"\\] )+
    | (?P<user> :// [^\s/?\#@:'"\\]{{0,64}} : ) [^\s/?\#@'"\\]{{1,256}} (?= @ )  # user:password@host
    | (?P<form> {_START} (?: client_secret | refresh_token | assertion ) = ) [^&\s'"\\]+     # of requests for one
    | (?P<member> {_QUOTE} {_MEMBERS} {_QUOTE} {_SPACE}* {_COLON} {_SPACE}* (?P<open> {_QUOTE} ) )  # credential files
        (?: (?! (?<! \\ ) (?P=open) ) . )*
    | -----BEGIN {_SPACE} [A-Z0-9\ %+]*? PRIVATE {_SPACE} KEY-----
        .*? (?: -----END {_SPACE} [A-Z0-9\ %+]*? PRIVATE {_SPACE} KEY----- | \Z )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KEPT = ("scheme", "header", "signed", "quoted", "user", "form", "member")


def redacted(text: str) -> str:
    """Return a text with its secrets replaced.

    >>> redacted("Authorization: Bearer ya29.abcdefghijk was refused")
    'Authorization: Bearer [redacted] was refused'
    """
    return _SECRETS.sub(_replacement, text)


def redacted_value(value: Any) -> Any:
    """Return a value of an event with its secrets replaced, at any depth of mappings and sequences."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(str(key)): redacted_value(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_value(member) for member in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))  # a log would turn an error, a URL or bytes into text, too


def _replacement(found: re.Match[str]) -> str:
    kept = next((found[name] for name in _KEPT if found[name]), "")
    return f"{kept}{REDACTED}"
