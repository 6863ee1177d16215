"""``python -m simulator``: a local AWS until it is interrupted or terminated."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from simulator.clock import Speed, SpeedError, read_speed
from simulator.fleet import DEFAULT, FleetError, read_fleet
from simulator.server import PortTaken, Server

PORT = 5555
USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve; returns 2 with one line on stderr when it cannot."""
    options = _options(arguments)
    try:
        server = Server(
            port=options.port,
            host=options.host,
            speed=options.speed,
            fleet=read_fleet(options.fleet),
            seed=options.seed,
        )
    except (PortTaken, FleetError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return USAGE
    signal.signal(signal.SIGTERM, _end)
    sys.stdout.write(f"Local AWS is ready at {server.url}\n")
    sys.stdout.flush()
    server.serve()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=_port, default=PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
    parser.add_argument(
        "--speed",
        type=_speed,
        default="60",
        help="immediate, manual, real or simulated seconds a second (default: 60)",
    )
    parser.add_argument(
        "--seed", type=int, help="repeats a run: the same ids, durations and chances (default: new ids)"
    )
    parser.add_argument(
        "--fleet", type=Path, default=DEFAULT, help="the fleet's YAML file (default: %(default)s)"
    )
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port there is
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are 0 to 65535")
    return int(text)


def _speed(text: str) -> Speed:
    try:
        return read_speed(text)
    except SpeedError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _end(*_: Any) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
