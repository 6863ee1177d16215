"""DRS's quotas for an account and Region, settable as a support case would."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class Quotas:
    """How much may run at once."""

    concurrent_jobs: int = 20
    servers_in_job: int = 100
    servers_in_all_jobs: int = 500

    def become(self, other: Quotas) -> None:
        """Take the values of another."""
        for value in fields(self):
            setattr(self, value.name, getattr(other, value.name))


quotas = Quotas()
"""The quotas of every account and Region in this process."""
