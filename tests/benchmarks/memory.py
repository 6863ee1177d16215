"""How much memory each component of a stack has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from launcher.state import read_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.stack import Stack


def memory(stack: Stack) -> Iterator[tuple[str, int]]:
    """Yield the bytes of each component with all that it started; what processes share counts in parts."""
    state = read_state(stack.home)
    for child in state.children if state else ():
        yield child.name, sum(map(_share, child.session()))


def _share(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
