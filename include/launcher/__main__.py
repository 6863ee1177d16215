"""``python -m launcher``: what ``make demo``, ``up``, ``down`` and ``env`` run."""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

from launcher.console import Console
from launcher.environment import keep_apart
from launcher.errors import LauncherError, SettingRefused
from launcher.signals import as_exceptions

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED, USAGE, INTERRUPTED, UNREAD = 1, 2, 130, 141


def main(arguments: list[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    command = _options(arguments).command
    console, complaints = Console(), Console(stderr=True)
    try:
        with as_exceptions():
            return _COMMANDS[command](console)
    except LauncherError as error:
        complaints.print(
            f"make {command}: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        return USAGE if isinstance(error, SettingRefused) else FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except OSError as error:
        complaints.print(
            f"make {command}: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        return FAILED
    except KeyboardInterrupt:
        complaints.print(f"make {command}: interrupted; what it had started is stopped")
        return INTERRUPTED


def _up(console: Console) -> int:
    from launcher.up import up  # noqa: PLC0415 - each command imports only what it needs

    return up(console)


def _down(console: Console) -> int:
    from launcher.up import down  # noqa: PLC0415

    return down(console)


def _demo(console: Console) -> int:
    from launcher.demo import demo  # noqa: PLC0415

    return demo(console)


def _env(console: Console) -> int:
    from launcher.compose import write_secrets  # noqa: PLC0415

    return write_secrets(console)


_COMMANDS: dict[str, Callable[[Console], int]] = {"up": _up, "down": _down, "demo": _demo, "env": _env}


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m launcher", description=__doc__)
    parser.add_argument("command", choices=sorted(_COMMANDS))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    keep_apart()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
