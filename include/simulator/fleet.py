"""Fleets: the source servers that DRS replicates when the simulator starts, described in a YAML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.descriptions import sentences

DEFAULT = Path(__file__).with_name("fleet.yaml")


class FleetError(ValueError):
    """A fleet file that cannot be read; the message has a line per problem."""


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerDescription(_Described):
    """One source server of a fleet."""

    id: str = Field(pattern=r"^s-[0-9a-zA-Z]{17}$")
    hostname: str = Field(min_length=1, max_length=256)
    tags: dict[str, str] = {}
    os: str = "Amazon Linux 2023"
    cores: int = Field(default=2, ge=1)
    ram_gib: int = Field(default=8, ge=1)
    disks_gib: tuple[int, ...] = (50,)
    origin_region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")


class Fleet(_Described):
    """The source servers of one account and Region."""

    account: str = Field(pattern=r"^\d{12}$")
    region: str
    servers: tuple[ServerDescription, ...]

    @field_validator("servers")
    @classmethod
    def _distinct(cls, servers: tuple[ServerDescription, ...]) -> tuple[ServerDescription, ...]:
        ids = [server.id for server in servers]
        if repeated := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"each id once, not {', '.join(repeated)}")
        return servers


def read_fleet(path: Path = DEFAULT) -> Fleet:
    """Read a fleet file; raises FleetError with the file, the place and what is wrong there."""
    try:
        return Fleet.model_validate(YAML(typ="safe").load(path.read_text()))
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror}") from error
    except YAMLError as error:
        raise FleetError(f"{path}: {error}") from error
    except ValidationError as error:
        raise FleetError(
            "\n".join(f"{path}: {sentence}" for sentence in sentences(error, whole="file"))
        ) from error
