"""Whose credentials are: what a file of credentials, or the metadata server, says of the account. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_IMPERSONATED = re.compile(r"/serviceAccounts/([^/:]+):generateAccessToken$")
_KINDS = {
    "service_account": "the key of a service account",
    "authorized_user": "the login of a user",
    "external_account": "an identity of workload identity federation",
    "impersonated_service_account": "a service account that another account impersonates",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials these are.

    Attributes:
        kind: What the credentials are, in words.
        account: The address of the account, or an empty text if nothing tells it.
        is_user: Whether the account is a person's, and no service account.
    """

    kind: str
    account: str
    is_user: bool = False

    @property
    def member(self) -> str:
        """The account as the policies of IAM name it, or an empty text (https://cloud.google.com/iam/docs/principals)."""
        return f"{'user' if self.is_user else 'serviceAccount'}:{self.account}" if self.account else ""


def identity_in(credentials: Mapping[str, Any]) -> Identity:
    """Return what a file of Google credentials says of itself. It has no secret in it."""
    kind = str(credentials.get("type", ""))
    impersonated = _IMPERSONATED.search(str(credentials.get("service_account_impersonation_url", "")))
    account = impersonated[1] if impersonated else credentials.get("client_email") or credentials.get("account")
    return Identity(
        _KINDS.get(kind, f"credentials of the type {kind}"),
        account if isinstance(account, str) else "",
        is_user=kind == "authorized_user" and not impersonated,
    )
