"""``python -m drs_simulator``: a local AWS until it is interrupted or terminated."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from typing import Any

from drs_simulator.clock import Speed, SpeedError, read_speed
from drs_simulator.fleet import DEFAULT, FleetError, fleet_file, names, read_fleet
from drs_simulator.server import PortTaken, Server

PORT = 5555
USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve; returns 2 with one line on stderr when it cannot."""
    options = _options(arguments)
    gc.collect()  # what imports leave is 20 MB, which would stay as well
    gc.freeze()  # modules stay: to look through them for garbage takes 100 ms each time
    try:
        server = Server(
            port=options.port,
            host=options.host,
            speed=options.speed,
            fleet=read_fleet(options.fleet),
            seed=options.seed,
            pages=True,
        )
    except (PortTaken, FleetError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return USAGE
    gc.collect()
    gc.freeze()  # the fleet stays as well
    signal.signal(signal.SIGTERM, _end)
    sys.stdout.write(f"Local AWS is ready at {server.url}\n")
    sys.stdout.flush()
    server.serve()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m drs_simulator",
        description="A local AWS with Elastic Disaster Recovery, until it is interrupted or terminated.",
        epilog="It is ready when it says where. README.md beside the code tells what it does, and how.",
    )
    add = parser.add_argument
    add(
        "--port",
        type=_port,
        default=PORT,
        help="port to listen on; 0 takes a free one (default: %(default)s)",
    )
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add(
        "--speed",
        type=_speed,
        default="60",
        help="simulated seconds that pass in a second, or real (1), immediate (all that begins has ended at "
        "the next look), manual (time stands still until it is advanced) (default: %(default)s)",
    )
    add(
        "--seed",
        type=_seed,
        help="repeats a run: the same ids, durations, random numbers (default: new ones)",
    )
    add(
        "--fleet",
        metavar="FILE|NAME",
        type=fleet_file,
        default=DEFAULT,
        help=f"YAML file of what DRS replicates, or a name: {', '.join(names())} "
        f"(default: {DEFAULT.name} beside the code)",
    )
    return parser.parse_args(arguments)


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number") from error


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
