"""Tests of secrets in quoted text: credential files, signed URLs and headers, in all their escapes and encodings."""

import base64
import html
import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbrun.logs.secrets import REDACTED, redacted, redacted_value

LETTERS = string.ascii_letters + string.digits
WORDS = st.text("ab /.-_:,{}\u05d0\n\"'", max_size=30)
SECRETS = st.text(LETTERS, min_size=40, max_size=80)
KEPT = "._"
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


def as_html(text: str) -> str:
    """Return the text as part of an HTML page."""
    return html.escape(text)


def as_numbers(text: str) -> str:
    """Return the text with a number of HTML for each character that is no part of a name."""
    return "".join(c if c.isalnum() or c in KEPT else f"&#{ord(c)};" for c in text)


def as_unicode(text: str) -> str:
    """Return the text with an escape of JSON for each character that is no part of a name."""
    return "".join(c if c.isalnum() or c in KEPT else f"\\u{ord(c):04x}" for c in text)


def as_hexadecimal(text: str) -> str:
    """Return the text with an escape of Python for each ASCII character that is no part of a name."""
    return "".join(c if c.isalnum() or c in KEPT or ord(c) > 255 else f"\\x{ord(c):02x}" for c in text)


def encoded_five_times(text: str) -> str:
    """Return the text as part of a URL, of which five were put into each other."""
    for _ in range(5):
        text = quote(text, safe="")
    return text


FORMS = [as_it_is, repr, as_json, twice, thrice, encoded, encoded_twice, as_form]
FORMS += [as_html, as_numbers, as_unicode, as_hexadecimal, encoded_five_times]

# What a program can write about a request or a configuration; "SECRET" stands for the secret.
ASSIGNMENTS = [
    "[(b'Authorization', b'Bearer SECRET')]",
    "('Authorization', 'Basic SECRET')",
    "{b'Authorization': b'Basic SECRET'}",
    "('Cookie', 'first=SECRET')",
    "{'Authorization': ['Bearer SECRET', 'Basic SECRET']}",
    "headers['Authorization'] = 'SECRET'",
    '{"name": "Authorization", "value": "Bearer SECRET"}',
    "Proxy-Authorization: Basic SECRET",
    "Authorization: OAuth SECRET",
    'Authorization: Digest username="joe", response="SECRET"',
    "Authorization: GOOG4-HMAC-SHA256 Credential=GOOG1E/20260101, SignedHeaders=host, Signature=SECRET",
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/2026/x, SignedHeaders=host;x, Signature=SECRET",
    "Authorization: Unknown 1SECRET",
    "Authorization:\n Bearer SECRET",
    "curl -H 'Authorization: Bearer SECRET' https://x",
    "https://x#access_token=SECRET",
    "https://x?a=1;X-Goog-Signature=SECRET",
    "https://x?a=1&sig=SECRET",
    "{access_token: SECRET}",
    "refresh_token: SECRET",
    "<SessionToken>SECRET</SessionToken>",
    "aws_secret_access_key=SECRET",
    "X-Goog-Encryption-Key: SECRET=",
    "X-Goog-Copy-Source-Encryption-Key: SECRET=",
    "X-Amz-Security-Token: SECRET",
    "Set-Cookie: SECRET",
    "Set-Cookie: SID=SECRET; Path=/",
    "Cookie: first=SECRET; second=SECRET",
    "password: token: SECRET",
    "x-some-token: SECRET0",
    "1//0SECRET",
]


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


@pytest.mark.quick(one_in=8)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", ASSIGNMENTS)
@given(secret=SECRETS, before=WORDS)
def test_what_a_secret_is_assigned_to(form: Callable[[str], str], text: str, secret: str, before: str) -> None:
    """A secret goes, whatever sign, quote or bracket stands between it and its name, and however that was escaped."""
    found = redacted(form(f"{before} {text.replace('SECRET', secret)}"))
    assert secret not in found
    assert REDACTED in found
    assert redacted(found) == found


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS, key=PEM, before=WORDS, space=st.text(" ", max_size=2))
def test_base64_of_secrets(form: Callable[[str], str], secret: str, key: str, before: str, space: str) -> None:
    """Base64 of a text with a secret goes, at each of its three alignments, after a path, and in lines."""
    account = json.dumps({"type": "service_account", "private_key": key})
    for text in (key, account, f"Authorization: Bearer {secret}", json.dumps({"refresh_token": secret})):
        whole = base64.b64encode(f"{space}{text}".encode()).decode()
        lines = [whole[start : start + 76] for start in range(0, len(whole), 76)]
        for written in (whole, f"a/b/{whole}", "\n".join(lines), whole.replace("+", "-").replace("/", "_")):
            found = redacted(form(f"{before} {written}"))
            assert not [line for line in lines if len(line) == 76 and line in found]
            assert whole not in found


def test_values_of_events_with_the_name_of_a_secret() -> None:
    """A mapping or a pair gives no value to the name of a secret, not even one that looks like none."""
    assert {"Authorization": REDACTED, "a": "b"} == redacted_value({"Authorization": "Basic YTpi", "a": "b"})
    assert {"b'Authorization'": REDACTED} == redacted_value({b"Authorization": [b"Basic YTpi"]})
    assert [["Cookie", REDACTED], ["a", "b"]] == redacted_value([("Cookie", "a=b"), ("a", "b")])
    assert {"access_token": None} == redacted_value({"access_token": None})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer ya29.abc was refused", f"Authorization: Bearer {REDACTED} was refused"),
        ("Authorization: Basic YTpi was refused", f"Authorization: Basic {REDACTED} was refused"),
        ("(access_token: abc) was refused", f"(access_token: {REDACTED}) was refused"),
        ("https://x?X-Goog-Signature=ab&alt=media", f"https://x?X-Goog-Signature={REDACTED}&alt=media"),
        ("https://x?X-Goog-Signature=ab&#38;alt=media", f"https://x?X-Goog-Signature={REDACTED}&#38;alt=media"),
        ("{'Cookie': 'a=b', 'Accept': '*/*'}", f"{{'Cookie': '{REDACTED}', 'Accept': '*/*'}}"),
        ("('Authorization', 'Bearer a'), ('Accept', 'b')", f"('Authorization', 'Bearer {REDACTED}'), ('Accept', 'b')"),
    ],
)
def test_what_is_around_a_secret_stays(text: str, expected: str) -> None:
    """A value ends where its context says, so that the rest of the message can be read."""
    assert expected == redacted(text)


@given(st.text('\\"%25,{}:= &?authorizeprivkyX-GoSnu06' + "'", max_size=200))
def test_what_almost_is_one_changes_nothing_twice(text: str) -> None:
    """Removing secrets a second time changes nothing, for any text made of the patterns' pieces."""
    assert redacted(text) == redacted(redacted(text))


@pytest.mark.quick(one_in=10)
@pytest.mark.parametrize(
    "text",
    [
        *("\\", "%", "%25", "%2525252525252525", "%252525252541 ", "&amp;", " ", "a", ":", "a/", "PQTUPQTU"),
        *('"private_key":', "password=", "token", "token ", "cookie=", "password:\n", "'password':['a',", "://a:"),
        *("-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "-eyJaaaaaaaaaa", "bearer a", "&key=", "password=[redacted]"),
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """The time for a hostile line grows only with its length; the suite's time limit checks that."""
    line = text * (200_000 // len(text))
    for hostile in (f'{line}"', f"authorization{line}", f"%2525252525252541{line}"):
        redacted(hostile)


@pytest.mark.parametrize("secret", ["p4ss", "a%40b", "x" * 200])
def test_passwords_in_addresses(secret: str) -> None:
    """An address with a user and a password keeps its scheme, its user and its host."""
    for user in ("user", ""):
        assert f"at https://{user}:[redacted]@host:80/a" == redacted(f"at https://{user}:{secret}@host:80/a")


@pytest.mark.parametrize(
    "text",
    [
        "gs://b/a=1&key.jpg",
        "gs://b/cookie: cutter.jpg",
        "gs://b/secret: garden.jpg",
        "gs://b/token: 20240101T123456_garden.jpg",
        "gs://b/token=5/pass.jpg",
        "gs://b/signature, 2024.jpg",
        "{'name': 'cookie', 'size': 3}",
        '{"key": "photos/a.jpg", "kms_key_name": "k"}',
        "X-Goog-Encryption-Key-Sha256: abcdef",
        "gs://b/aGVsbG8gd29ybGQsIHRoaXMgaXMgbm8gc2VjcmV0IGF0IGFsbA==.jpg",
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
