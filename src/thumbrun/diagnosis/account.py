"""Checks the credentials for Cloud Storage: where they are, whose, and that they give a token."""

import os
from dataclasses import dataclass, replace

from thumbrun.diagnosis.findings import HERE, Check, Finding, Level, failure
from thumbrun.diagnosis.in_time import in_time
from thumbrun.settings.declared import EMULATOR
from thumbrun.storage.base import UnauthenticatedError
from thumbrun.storage.gcs.credentials import LOGIN, Credentials, NoCredentialsError
from thumbrun.storage.gcs.identity import Identity
from thumbrun.storage.gcs.key_file import check_key_file

_DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class Account:
    """What the check of the credentials found.

    Attributes:
        findings: What there is to say.
        usable: Whether requests can be sent with them.
        member: The account as the policies of IAM name it, or an empty text if it is not known.
    """

    findings: tuple[Finding, ...]
    usable: bool = True
    member: str = ""


async def account_here(emulator: str | None, *, needed: bool) -> Account:
    """Look for the credentials, get a token with them, and ask whose they are.

    Args:
        emulator: The address of the emulator, which needs none, or None.
        needed: Whether a bucket is looked at. If not, it is no problem that there are none.
    """
    if emulator:
        what = f"None are needed: {EMULATOR.label} is {emulator}, an emulator, and thumbrun sends it none"
        return Account((Finding(Check.CREDENTIALS, HERE, Level.OK, what),))
    try:
        origin = check_key_file(os.environ)
    except UnauthenticatedError as error:
        return Account((_unusable(error, needed=needed),), usable=False)
    try:
        identity = await in_time(_identity(), "The server that gives tokens")
    except Exception as error:  # noqa: BLE001  (no check stops the others)
        return Account((_unusable(error, needed=needed),), usable=False)
    return Account(tuple(_whose(identity, origin)), member=identity.member)


async def _identity() -> Identity:
    credentials = Credentials()
    try:
        return await credentials.identity()
    finally:
        await credentials.close()


def _whose(identity: Identity, origin: str) -> list[Finding]:
    kind = f"{identity.kind[0].upper()}{identity.kind[1:]}"
    whose = identity.account or "thumbrun cannot find out whose"
    where = f"; {origin}" if origin else ""
    found = [Finding(Check.CREDENTIALS, HERE, Level.OK, f"{kind}: {whose}{where}")]
    if identity.account.endswith(_DEFAULT_ACCOUNT):
        what = f"{identity.account} is the default account of a project, which can often do more than it needs"
        mend = "give the job an account of its own, with --service-account; docs/cloud-run.md has the commands"
        found.append(Finding(Check.CREDENTIALS, HERE, Level.WARNING, what, mend))
    return found


def _unusable(error: Exception, *, needed: bool) -> Finding:
    if isinstance(error, NoCredentialsError) and not needed:
        what = "There are none for Cloud Storage here; local folders need none"
        return Finding(Check.CREDENTIALS, HERE, Level.OK, what)
    found = failure(Check.CREDENTIALS, HERE, error)
    level = Level.ERROR if needed else Level.WARNING
    return replace(found, level=level, command=LOGIN if LOGIN in found.mend else "")
