"""Settings that clients read and change, in the names of the service model."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Settings(BaseModel):
    """A group of settings that is replaced as a whole, so that a refused change leaves nothing behind."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    def changed(self, members: dict[str, Any]) -> Self:
        """Return these settings with the members of a request; what it leaves out stays."""
        return self.model_validate(self.to_dict() | members)

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)
