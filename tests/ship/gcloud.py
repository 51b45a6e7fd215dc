"""Runs the installed gcloud against the stand-in for Google's APIs, with a configuration of its own."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.ship.rules import DEFAULT_PROJECT

TOKEN = "made-up-token"  # noqa: S105
PROGRAM = shutil.which("gcloud")

_APIS = (
    "run",
    "artifactregistry",
    "iam",
    "serviceusage",
    "cloudbuild",
    "logging",
    "cloudquotas",
    "cloudresourcemanager",
)


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the environment in which gcloud, and make, reach the stand-in and nothing else.

    gcloud speaks plain HTTP to the APIs' own hosts, and the stand-in is its proxy. So the stand-in sees each host, the
    region in it too.
    """
    (folder / "token").write_text(TOKEN)
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CLOUDSDK_PYTHON") if name in os.environ}
    return inherited | {
        "CLOUDSDK_CONFIG": str(folder / "config"),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(folder / "token"),
        "CLOUDSDK_CORE_PROJECT": DEFAULT_PROJECT,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(port),
        "CLOUDSDK_STORAGE_USE_GRPC_IF_AVAILABLE": "false",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": "http://storage.googleapis.com/storage/v1/",
        "DOCKER_CONFIG": str(folder / "docker"),
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"http://{api}.googleapis.com/" for api in _APIS},
    }


def run(argv: tuple[str, ...], where: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a gcloud command, and return what came of it."""
    assert PROGRAM is not None
    return subprocess.run(
        [PROGRAM, *argv],
        cwd=where,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
