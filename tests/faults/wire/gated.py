"""Runs `thumbrun` with short limits, and with decoding processes that stop at images that wait for the test.

It prints `handed over` when an image is on its way to a decoding process, even if that never takes it up.
"""

import asyncio
import sys
from collections.abc import Sequence

from tests.faults.wire.hurried import hurry
from tests.unit.imaging import gate
from thumbrun.cli import main
from thumbrun.decoding import decoder_process, launcher
from thumbrun.decoding.channel import Channel
from thumbrun.decoding.decoder_process import Asked
from thumbrun.decoding.pool import DecoderPool


def tell() -> None:
    """Make this process print a line when it hands images over."""
    send = decoder_process._send

    async def telling(channel: Channel, asked: Sequence[Asked]) -> None:
        sending = asyncio.ensure_future(send(channel, asked))
        await asyncio.sleep(0)  # by now it has sent as much as the socket holds
        print("handed over", flush=True)
        await sending

    decoder_process._send = telling


if __name__ == "__main__":
    launcher._COMMAND = gate.command()
    hurry()
    tell()
    DecoderPool.render = getattr(DecoderPool.render, "__wrapped__", DecoderPool.render)  # type: ignore[method-assign]  # tests.steady
    sys.exit(main())
