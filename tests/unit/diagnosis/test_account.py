"""Tests of what a diagnosis finds of credentials, with a server that gives tokens and says whose they are."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from gcloud.aio.auth import token as library

from tests.unit.diagnosis.cloud import bad, found
from thumbrun.diagnosis.account import account_here
from thumbrun.diagnosis.findings import Level
from thumbrun.storage.gcs import credentials
from thumbrun.storage.gcs.identity import identity_in

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
TOKEN = "ya29.a-token-of-the-tests"  # noqa: S105  (it opens nothing)
LOGIN = "gcloud auth application-default login"
ACCOUNT = "thumbs@project.iam.gserviceaccount.com"


class Google:
    """The servers that give tokens, and the metadata server.

    Attributes:
        url: Their address.
        attached: The account of the machine, or None if it has none.
        user: Who has logged in; None if the login does not tell it.
        revoked: Whether no token is given.
    """

    def __init__(self) -> None:
        self.url = ""
        self.attached: str | None = None
        self.user: str | None = "jane@example.com"
        self.revoked = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        if request.path == "/userinfo":
            assert f"Bearer {TOKEN}" == request.headers["Authorization"]
            return web.json_response({"email": self.user} if self.user else {}, status=200 if self.user else 401)
        if request.path.startswith("/computeMetadata/") and self.attached is None:
            return web.Response(status=404)
        if request.path.endswith("/email"):
            return web.Response(text=f"{self.attached}\n")
        if self.revoked:
            return web.json_response({"error": "invalid_grant", "refresh_token": "r3fresh-t0ken"}, status=400)
        return web.json_response({"access_token": TOKEN, "expires_in": 3600})


@pytest.fixture
async def google(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Google]:
    """Run the servers in the place of Google's."""
    made = Google()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    metadata = f"{made.url}/computeMetadata/v1"
    monkeypatch.setattr(library, "GCE_METADATA_BASE", metadata)
    monkeypatch.setattr(library, "GCE_ENDPOINT_TOKEN", f"{metadata}/instance/service-accounts/default/token")
    monkeypatch.setattr(credentials, "_USER", f"{made.url}/userinfo")
    monkeypatch.setattr(credentials, "_PROBE_SECONDS", 60.0)  # this machine can be busy
    yield made
    await runner.cleanup()


@pytest.fixture
def login(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Log in with gcloud, and return the file in which it keeps the login."""
    kept = {"type": "authorized_user", "client_id": "id", "client_secret": "s3cret", "refresh_token": "r3fresh-t0ken"}
    (tmp_path / "gcloud").mkdir()
    path = tmp_path / "gcloud/application_default_credentials.json"
    path.write_text(json.dumps(kept | {"token_uri": f"{google.url}/token"}))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(path.parent))
    return path


async def test_a_login_of_a_user(google: Google, login: Path) -> None:
    """A login is found where gcloud keeps it, and its user is asked for; roles are for `user:`."""
    account = await account_here(None, needed=True)
    (finding,) = account.findings
    assert (Level.OK, f"The login of a user: jane@example.com; gcloud keeps a login in {login}") == (
        finding.level,
        finding.what,
    )
    assert (True, "user:jane@example.com") == (account.usable, account.member)


async def test_a_login_that_does_not_tell_its_user(google: Google, login: Path) -> None:
    """A login whose user nobody tells is as good, and the finding says so."""
    google.user = None
    account = await account_here(None, needed=True)
    assert "thumbrun cannot find out whose" in account.findings[0].what
    assert (True, "") == (account.usable, account.member)


async def test_a_login_that_was_revoked(google: Google, login: Path) -> None:
    """A login that gives no token is an error with the command that logs in again, and shows no secret."""
    google.revoked = True
    account = await account_here(None, needed=True)
    (error,) = account.findings
    assert (Level.ERROR, LOGIN, False) == (error.level, error.command, account.usable)
    assert "invalid_grant" in error.what
    assert "r3fresh" not in error.what


async def test_the_account_of_the_machine(google: Google) -> None:
    """Without a file the account of the machine counts, as on Cloud Run."""
    google.attached = ACCOUNT
    account = await account_here(None, needed=True)
    assert [f"The account that is attached here: {ACCOUNT}"] == [finding.what for finding in account.findings]
    assert f"serviceAccount:{ACCOUNT}" == account.member


async def test_the_default_account_of_a_project(google: Google) -> None:
    """The default account of a project works, and is a warning with what to do."""
    google.attached = "123456789-compute@developer.gserviceaccount.com"
    account = await account_here(None, needed=True)
    (warning,) = bad(account.findings)
    assert "is the default account of a project" in warning.what
    assert "--service-account" in warning.mend
    assert account.usable


async def test_no_credentials(google: Google) -> None:
    """Without any credentials a bucket is not asked, and the command that logs in is shown; folders need none."""
    findings = await found("gs://my-photos/in", endpoint=google.url)
    error, left_out = bad(findings)
    assert (Level.ERROR, LOGIN) == (error.level, error.command)
    assert "there are no credentials for Cloud Storage: GOOGLE_APPLICATION_CREDENTIALS is not set, " in error.what
    assert "Not checked" in left_out.what
    account = await account_here(None, needed=False)
    assert [Level.OK] == [finding.level for finding in account.findings]


async def test_a_key_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named and cannot be used is an error at once, and a warning if no bucket is looked at."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.json"))
    for needed, level in ((True, Level.ERROR), (False, Level.WARNING)):
        (error,) = (await account_here(None, needed=needed)).findings
        assert level is error.level
        assert error.what.endswith("none.json, which does not exist")


@pytest.mark.parametrize(
    ("said", "account", "member"),
    [
        ({"type": "service_account", "client_email": ACCOUNT}, ACCOUNT, f"serviceAccount:{ACCOUNT}"),
        ({"type": "authorized_user", "account": "a@b.c"}, "a@b.c", "user:a@b.c"),
        ({"type": "authorized_user"}, "", ""),
        (
            {
                "type": "impersonated_service_account",
                "service_account_impersonation_url": (
                    f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
                ),
                "source_credentials": {"type": "authorized_user", "account": "a@b.c"},
            },
            ACCOUNT,
            f"serviceAccount:{ACCOUNT}",
        ),
        ({"type": "external_account", "audience": "//iam.googleapis.com/projects/1"}, "", ""),
        ({"type": "service_account", "client_email": 5}, "", ""),
        ({}, "", ""),
    ],
)
def test_whose_a_file_says_it_is(said: dict[str, Any], account: str, member: str) -> None:
    """The account is that of the requests: of an impersonation, the account that is impersonated."""
    identity = identity_in(said)
    assert (account, member) == (identity.account, identity.member)
