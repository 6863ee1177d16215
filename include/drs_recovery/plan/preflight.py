"""How strict a plan takes each check before anything is launched.

In an outage the source is down, so that replication has stopped and lags: what an outage brings with it only
warns, or it would keep every real recovery out. A problem of one server, or a quota that
`start_recovery` waits for, must not keep a real recovery of all others out either: it blocks drills alone.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drs_recovery.plan.values import Frozen

Strictness = Literal["block", "block_drills", "warn"]
"""Whether a problem keeps an execution from starting: every one, a DRILL only, or none."""


class Preflight(Frozen):
    """Whether a problem that a check finds keeps an execution from starting, by check."""

    servers: Strictness = Field(
        default="block_drills",
        description="Source servers that DRS does not know, or without data to launch: never replicated, or "
        "stopped. They only warn where their wave meets its policy without them.",
    )
    replication: Strictness = Field(
        default="warn", description="Source servers whose replication is not CONTINUOUS."
    )
    direction: Strictness = Field(
        default="block_drills",
        description="Source servers that replicate back to where they came from (FAILBACK), and are never "
        "launched. They only warn where their wave meets its policy without them.",
    )
    recovery_points: Strictness = Field(
        default="block",
        description="Source servers without a recovery snapshot of the chosen point: they are never launched "
        "from other data. They only warn where their wave meets its policy without them.",
    )
    lag: Strictness = Field(
        default="warn", description="Source servers whose lag is above rpo, or not reported."
    )
    active_jobs: Strictness = Field(
        default="warn", description="Source servers that are in a DRS job now; the start waits for it."
    )
    recovery_instances: Strictness = Field(
        default="warn", description="Source servers with recovery instances, which a launch replaces."
    )
    quotas: Strictness = Field(
        default="block_drills", description="Waves that together need more than the quotas of DRS leave."
    )
    launch: Strictness = Field(
        default="block_drills",
        description="What launch settings name and EC2 does not have: types in a zone, subnets, groups, "
        "addresses.",
    )
    drill_network: Strictness = Field(
        default="warn",
        description="Drills that are launched into the subnet of a recovery, or from which routes lead out.",
    )
    overlap: Strictness = Field(
        default="warn",
        description="Source servers that another plan launches too, or that are in two groups.",
    )
    rights: Strictness = Field(
        default="warn", description="Rights in AWS that are needed later, and whose lack would go unheard."
    )
    connection: Strictness = Field(
        default="warn",
        description="aws_conn_id from Airflow's database, not there, or leading to another account than "
        "last time.",
    )

    def blocks(self, check: str, *, drill: bool) -> bool:
        """Whether a problem of a check keeps an execution from starting."""
        strictness: Strictness = getattr(self, check)
        return strictness == "block" or (drill and strictness == "block_drills")
