"""Checks the packages that the container installs for known vulnerabilities. `make audit` runs this.

If the service cannot be reached, it says that nothing was checked, and does not fail.
"""

import json
import subprocess
import sys
from pathlib import Path

VULNERABLE = 1
_UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "could not connect",
    "Tried to connect",
)
_ROOT = Path(__file__).parents[1]


def verdict(ended: "subprocess.CompletedProcess[str]") -> tuple[int, str]:
    """Return the exit code and the message for a run of pip-audit, which exits with 1 for every kind of problem."""
    if ended.returncode not in (0, 1):
        return ended.returncode, ended.stderr
    try:
        dependencies = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (ended.stderr.strip().splitlines() or ["no answer"])[-1]
        if not any(word in ended.stderr for word in _UNREACHABLE):
            return ended.returncode, ended.stderr
        return 0, f"audit: not checked, the service cannot be reached: {last[:200]}"
    known = [
        f"{found['name']} {found['version']}: {one['id']}, fixed in {' '.join(one['fix_versions']) or 'no version'}"
        for found in dependencies
        for one in found.get("vulns", ())
    ]
    if known:
        return VULNERABLE, "\n".join(known)
    return 0, f"audit: nothing is known against {len(dependencies)} pinned packages"


def main() -> int:
    """Run pip-audit on requirements.txt; the first argument is its command."""
    options = ["--requirement", str(_ROOT / "requirements.txt"), "--no-deps", "--disable-pip", "--timeout", "10"]
    service = ["--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"]
    ended = subprocess.run([sys.argv[1], *options, *service], capture_output=True, text=True, check=False)
    code, words = verdict(ended)
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
