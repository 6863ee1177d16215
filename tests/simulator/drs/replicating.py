"""What tests of replication share: the server that is added, and how its replication is read."""

from __future__ import annotations

import re

NEW, HOUR = "s-00000000000new001", 3600


def seconds(duration):
    """Return the seconds of an ISO 8601 duration."""
    parts = re.findall(r"([\d.]+)([DHMS])", duration)
    return sum(float(number) * {"D": 86400, "H": 3600, "M": 60, "S": 1}[unit] for number, unit in parts)


def states(seen, let_pass, step, until="CONTINUOUS"):
    """Let time pass until a state is reached; return the states on the way."""
    passed = [seen()["dataReplicationState"]]
    for _ in range(1000):
        let_pass(step)
        state = seen()["dataReplicationState"]
        if state != passed[-1]:
            passed.append(state)
        if state == until:
            return passed
    raise AssertionError(passed)
