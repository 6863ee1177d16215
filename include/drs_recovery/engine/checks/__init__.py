"""The checks of launched servers, one kind a file: how each is looked at, from where the triggerer runs.

But `sql`, which a worker looks at: a database's driver blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.checks import dns, ec2, http, ssm, tcp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drs_recovery.engine.checks.kind import Found, Reach, Subject
    from drs_recovery.plan.checks import Check

KINDS: dict[str, Callable[[Check, Sequence[Subject], Reach], Awaitable[dict[str, Found]]]] = {
    "tcp": tcp.look,
    "http": http.look,
    "ec2": ec2.look,
    "ssm": ssm.look,
    "dns": dns.look,
}
"""By the key of a check: a look at some servers, which returns what it found of each by its id. Not `sql`."""
