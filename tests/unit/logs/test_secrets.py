"""Tests of secrets in quoted text: credential files, signed URLs and headers, in all their escapes and encodings."""

import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.logs.secrets import redacted

LETTERS = string.ascii_letters + string.digits
WORDS = st.text("ab /.-_:,{}\u05d0\n\"'", max_size=30)
SECRETS = st.text(LETTERS, min_size=40, max_size=80)
HEX = st.text("0123456789abcdef", min_size=64, max_size=512)
PEM = st.text(LETTERS + "+/\n", min_size=64, max_size=200).map(
    lambda body: f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
)


def as_it_is(text: str) -> str:
    """Return the text unchanged."""
    return text


def as_json(text: str) -> str:
    """Return the text as a JSON string: in quotes, escaped."""
    return json.dumps(text)


def twice(text: str) -> str:
    """Return JSON within JSON, as in an error that quotes an error."""
    return json.dumps(json.dumps(text))


def thrice(text: str) -> str:
    """Return JSON within JSON within JSON."""
    return json.dumps(json.dumps(json.dumps(text)))


def encoded(text: str) -> str:
    """Return the text as part of a URL."""
    return quote(text, safe="")


def encoded_twice(text: str) -> str:
    """Return the text as part of a URL that is part of another URL."""
    return quote(quote(text, safe=""), safe="")


def as_form(text: str) -> str:
    """Return the text as the value of a form, with plus signs for spaces."""
    return quote_plus(text)


FORMS = [as_it_is, repr, as_json, twice, thrice, encoded, encoded_twice, as_form]


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS, before=WORDS, after=WORDS)
def test_members_of_credential_files(form: Callable[[str], str], secret: str, before: str, after: str) -> None:
    """A credential file, quoted whole or in part, loses its secrets and keeps the rest."""
    for name in ("client_secret", "refresh_token", "access_token", "id_token", "password", "private_key_id"):
        found = redacted(form(before + json.dumps({"type": "authorized_user", name: secret}) + after))
        assert secret not in found
        assert "authorized_user" in found
        assert name in found


@pytest.mark.parametrize("form", FORMS)
@given(key=PEM, before=WORDS)
def test_private_keys(form: Callable[[str], str], key: str, before: str) -> None:
    """No line of a private key remains, in its file or alone, whole or cut."""
    lines = [line for line in key.splitlines()[1:-1] if len(line) > 8 and line.isalnum()]
    for text in (key, json.dumps({"private_key": key, "token_uri": "https://t"}), key[: len(key) // 2]):
        found = redacted(form(before + text))
        assert not [line for line in lines if line in found]


@pytest.mark.quick(one_in=3)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["X-Goog-Signature", "X-Amz-Signature", "X-Amz-Security-Token", "upload_id"])
@given(signature=HEX, before=WORDS)
def test_signatures_of_urls(form: Callable[[str], str], name: str, signature: str, before: str) -> None:
    """A signed URL loses its signature and keeps its target, however often it was encoded."""
    for query in (
        {"X-Goog-Date": "20260101", name: signature},
        {name: signature, "X-Goog-Date": "20260101"},
    ):
        found = redacted(form(f"{before} https://storage.googleapis.com/bucket/name?{urlencode(query)}"))
        assert signature not in found
        assert "storage.googleapis.com" in found
        assert "20260101" in found


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS, before=WORDS)
def test_tokens_of_headers(form: Callable[[str], str], secret: str, before: str) -> None:
    """Headers of a request lose their authorisation, as text, as a mapping or as JSON."""
    token = f"ya29.{secret}"
    for text in (
        f"Authorization: Bearer {token}",
        f"Authorization: Bearer opaque0{secret}",
        str({"Authorization": f"Bearer opaque0{secret}"}),
        json.dumps({"authorization": f"Bearer {token}", "accept": "*/*"}),
        f"the token {token} was refused",
    ):
        assert secret not in redacted(form(f"{before} {text}"))


@given(st.text('\\"%25,{}:= &?authorizeprivkyX-GoSnu06' + "'", max_size=200))
def test_what_almost_is_one_changes_nothing_twice(text: str) -> None:
    """Removing secrets a second time changes nothing, for any text made of the patterns' pieces."""
    assert redacted(text) == redacted(redacted(text))


@pytest.mark.parametrize(
    "text",
    ["\\" * 200_000, "%25" * 100_000, '"private_key":' * 20_000, "-----BEGIN PRIVATE KEY-----" * 10_000, " " * 200_000],
    ids=["backslashes", "percents", "members", "keys", "spaces"],
)
def test_no_text_takes_long(text: str) -> None:
    """The time for a hostile line grows only with its length; the suite's time limit checks that."""
    redacted(text + '"')
    redacted("authorization" + text)


@pytest.mark.parametrize("secret", ["p4ss", "a%40b", "x" * 200])
def test_passwords_in_addresses(secret: str) -> None:
    """An address with a user and a password keeps its scheme, its user and its host."""
    for user in ("user", ""):
        assert f"at https://{user}:[redacted]@host:80/a" == redacted(f"at https://{user}:{secret}@host:80/a")


@pytest.mark.parametrize(
    "text",
    [
        "gs://bucket/client_secret/a.jpg",
        "http://host:8080/a@b.jpg",
        "gs://bucket/12:30 me@home.jpg",
        "gs://bucket/a.jpg?generation=1700000000000000&alt=media",
        "https://storage.googleapis.com/b/o%2Fkey%2Fa.jpg",
        '{"password_hint": "none", "private": "yes"}',
        "in/authorization/photo.jpg skipped, unsupported",
        "bearer of good news.jpg",
        "1/0 of the images",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    """Names that mention secrets stay unchanged."""
    assert text == redacted(text)
