"""DRS's quotas for an account and Region, settable as a support case would."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Quotas(BaseModel):
    """How much may run at once."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    concurrent_jobs: int = Field(default=20, ge=0)
    servers_in_job: int = Field(default=100, ge=0)
    servers_in_all_jobs: int = Field(default=500, ge=0)

    def become(self, other: Quotas) -> None:
        """Take the values of another."""
        for name in type(self).model_fields:
            setattr(self, name, getattr(other, name))


quotas = Quotas()
"""The quotas of every account and Region in this process."""
