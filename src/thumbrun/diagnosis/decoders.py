"""Checks the decoders: their versions, that the sandbox holds here, and that a decoding process makes a thumbnail."""

import base64

from thumbrun.decoding.pool import DecoderPool
from thumbrun.decoding.versions import confinement, versions
from thumbrun.diagnosis.findings import HERE, Check, Finding, Level
from thumbrun.imaging.request import Rendered, Request
from thumbrun.settings.declared import REQUIRE_SANDBOX

# A PNG of one grey pixel.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
_MEMORY = 96 << 20  # bytes, which is the least that a task has
_SECONDS = 10.0


def version_finding() -> Finding:
    """Return the versions of the decoders."""
    found = ", ".join(f"{name} {version}" for name, version in versions().items())
    return Finding(Check.DECODERS, HERE, Level.OK, found)


def sandbox_findings(*, required: bool) -> list[Finding]:
    """Return whether the sandbox holds. A process is confined for it, and tries what it must not be able to do.

    Args:
        required: Whether thumbrun refuses to run without it.
    """
    failed = [measure for measure, holds in confinement().items() if not holds]
    if not failed:
        return [
            Finding(
                Check.SANDBOX,
                HERE,
                Level.OK,
                "The sandbox holds: a confined process tried to reach files, network and processes, and could not",
            )
        ]
    return [
        Finding(
            Check.SANDBOX,
            HERE,
            Level.ERROR if required else Level.WARNING,
            f"This does not hold here: {measure}" + (f" ({REQUIRE_SANDBOX.label} is set)" if required else ""),
            "use Linux on x86-64 or ARM; in a container, keep its seccomp profile. SECURITY.md says what this means",
        )
        for measure in failed
    ]


async def decoding_finding() -> Finding:
    """Return whether a decoding process starts, and makes a thumbnail.

    Raises:
        DecoderPoolError: No decoding process starts.
    """
    pool = DecoderPool(1, timeout=_SECONDS, memory=_MEMORY)
    try:
        await pool.start()
        body = pool.body(len(_PICTURE))
        body.write(_PICTURE)
        try:
            made = await pool.render(body, Request(1, 1, "png", 80, 1, _MEMORY))
        finally:
            body.close()
    finally:
        await pool.close()
    if isinstance(made, Rendered):
        return Finding(Check.DECODING, HERE, Level.OK, "A decoding process starts, and makes a thumbnail")
    return Finding(
        Check.DECODING, HERE, Level.ERROR, f"A decoding process makes no thumbnail: {made}", "please report it"
    )
