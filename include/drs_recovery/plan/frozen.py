"""What a plan is to other releases: its identity, and the head of the text that it is frozen as.

An execution runs the plan it was opened with, also when the product is upgraded, or an upgrade is taken back,
while it runs. So neither may change with a release:

| what another release does | what comes of it |
| --- | --- |
| adds a key with a default | the identity stays: it is of what a plan says, without defaults |
| freezes a key that this one does not know | it is left out |
| freezes a key that no release may leave out, changes a default | it raises the format: this one refuses |

Only a plan that says a key which format 1 does not know is frozen in format 2: under all others an upgrade
can be taken back. Release 0.1 froze without a format, and its hash was of every default too:
``identity_in_0_1``. Plan files are read strictly all the same: a key that is unknown there is a mistake.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, NonNegativeInt

from drs_recovery import __version__

NEWEST_FORMAT = 2
"""Of the frozen text. Raised, and listed in the changelog, for what no earlier release may overlook."""

_DEFAULTS_OF_0_1: Mapping[str, Any] = {
    "approvers": [],
    "aws_conn_id": "aws_default",
    "cleanup": "never",
    "drill_approvals": "none",
    "gate_timeout": "1d",
}
_PREFLIGHT_OF_0_1: Mapping[str, str] = {
    "active_jobs": "warn",
    "connection": "warn",
    "direction": "block_drills",
    "lag": "warn",
    "quotas": "block_drills",
    "recovery_instances": "warn",
    "replication": "warn",
    "rights": "warn",
    "servers": "block_drills",
}
_WAVE_OF_0_1: Mapping[str, Any] = {"on_failure": "stop", "pause_before_wave": False, "timeout": "4h"}

Known = Mapping[str, "Known | None"]
"""Keys of a mapping, each with the keys below it; None: a value, or keys that are anybody's own."""

_SERVERS_OF_1: Known = {"tags": None}
_WAVE_OF_1: Known = {
    "depends_on": None,
    "minimum_launched": None,
    "name": None,
    "on_failure": None,
    "optional": _SERVERS_OF_1,
    "pause_before_wave": None,
    "servers": _SERVERS_OF_1,
    "timeout": None,
}
_PLAN_OF_1: Known = {
    "approvers": None,
    "aws_conn_id": None,
    "cleanup": None,
    "cleanup_after": None,
    "description": None,
    "drill_approvals": None,
    "drill_schedule": None,
    "gate_timeout": None,
    "id": None,
    "name": None,
    "owner": None,
    "preflight": dict.fromkeys(_PREFLIGHT_OF_0_1),
    "region": None,
    "rpo": None,
    "rto": None,
    "waves": _WAVE_OF_1,
}


class FrozenPlan(BaseModel):
    """The head of a frozen plan: how it is to be read, and who wrote it. Release 0.1 wrote neither."""

    format: NonNegativeInt = 0
    release: str = "0.1"

    @property
    def complaint(self) -> str | None:
        """Return why this release must not run the plan; None if it may."""
        if self.format <= NEWEST_FORMAT:
            return None
        return (
            f"this plan was frozen in format {self.format}, by release {self.release}; this is release "
            f"{__version__}, which reads formats up to {NEWEST_FORMAT} and would leave out what it does not "
            f"know. Let release {self.release} or a newer one run until the execution has ended"
        )


def frozen_text(content: Mapping[str, Any], stated: Mapping[str, Any], *, newest: bool = False) -> str:
    """Return the text that a plan is frozen as: its head, then its content, defaults written out.

    ``stated`` is the content without defaults, which decides on the format: a default changes nothing.
    ``newest``: what is not in the plan demands the newest format.
    """
    oldest = 1 if _knows(_PLAN_OF_1, stated) and not newest else NEWEST_FORMAT
    head = FrozenPlan(format=oldest, release=__version__)
    return f"{_canonical(head.model_dump())[:-1]},{_canonical(content)[1:]}"


def identity(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a plan says, without defaults, however its file is laid out."""
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def identity_in_0_1(content: Mapping[str, Any]) -> str:
    """Return the hash that release 0.1 had for a plan; executions that it opened are known by it.

    What 0.1 could not say is in the hash, so that no plan which says it is taken for one of then.
    """
    waves = [_WAVE_OF_0_1 | wave for wave in content["waves"]]
    preflight = _PREFLIGHT_OF_0_1 | content.get("preflight", {})
    return identity({**_DEFAULTS_OF_0_1, **content, "preflight": preflight, "waves": waves})


def _knows(keys: Known | None, stated: object) -> bool:
    """Whether all keys of a value are among those known there; what stands in a list is known alike."""
    if keys is None:
        return True
    if isinstance(stated, list):
        return all(_knows(keys, one) for one in stated)
    if isinstance(stated, dict):
        return all(key in keys and _knows(keys[key], value) for key, value in stated.items())
    return True


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
