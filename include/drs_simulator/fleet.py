"""Fleets: the source servers that DRS replicates when the simulator starts, described in a YAML file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from moto.core.base_backend import AccountSpecificBackend
from pydantic import Field, ValidationError, field_validator, model_validator

from drs_simulator.descriptions import Strict, contradicted, problem_text
from drs_simulator.drs import description
from drs_simulator.drs.replication import PAST
from drs_simulator.drs.stages import STARTING
from drs_simulator.fleet_launches import (
    LaunchConfigurationDescription,
    LaunchTemplateDescription,
    NetworkDescription,
    check_launches,
    check_networks,
)
from drs_simulator.places import Document, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

DEFAULT = Path(__file__).with_name("fleet.yaml")
NAMED = Path(__file__).with_name("fleets")
"""Where the fleets are that have a name."""

_NUMBER = re.compile(r"\{n(?::0(\d{1,2}))?\}")
_ID = re.compile(r"s-[0-9a-zA-Z]{17}")
_OF_AGENT = tuple(field.name for field in fields(description.ServerDescription))
"""What an agent tells of a server."""

_MOST = 10
"""Problems of a file that are shown; a mistake in a long list repeats itself."""


class FleetError(ValueError):
    """A fleet file that cannot be read; the message has a line per problem."""


class ReplicationDescription(Strict):
    """How far a server's replication is at the start."""

    state: Literal[
        "STOPPED",
        "INITIATING",
        "INITIAL_SYNC",
        "BACKLOG",
        "CREATING_SNAPSHOT",
        "CONTINUOUS",
        "PAUSED",
        "RESCAN",
        "STALLED",
        "DISCONNECTED",
    ] = "CONTINUOUS"
    lag_seconds: float = Field(default=0, ge=0, le=PAST, allow_inf_nan=False)
    """No data are older than the server, which was added so long ago."""

    @field_validator("lag_seconds")
    @classmethod
    def _of_data(cls, seconds: float, info: Any) -> float:
        state = info.data.get("state")
        if seconds and state in {"STOPPED", *STARTING}:
            raise ValueError(f"allowed with the state {state} is 0: there are no data yet, or no more")
        return seconds


class ServerDescription(Strict):
    """One source server of a fleet, or as many alike as ``count`` says.

    In the id, hostname and tags of counted servers ``{n}`` stands for the number of each, from 1, and
    ``{n:04}`` for the same with zeros in front up to four digits.
    """

    count: int | None = Field(default=None, ge=1, le=100_000)
    id: str
    hostname: str = Field(min_length=1, max_length=256)
    tags: dict[str, str] = Field(default={})
    os: str = Field(default="Amazon Linux 2023", max_length=256)
    cores: int = Field(default=2, ge=1)
    ram_gib: int = Field(default=8, ge=1)
    disks_gib: tuple[int, ...] = Field(default=(50,), min_length=1, max_length=60)
    origin_region: str | None = None
    origin_tags: dict[str, str] | None = None
    replication: ReplicationDescription = ReplicationDescription()
    snapshot_days: int | None = Field(default=None, ge=1, le=365)
    launch_configuration: LaunchConfigurationDescription = LaunchConfigurationDescription()
    launch_template: LaunchTemplateDescription = LaunchTemplateDescription()

    @field_validator("id")
    @classmethod
    def _is_an_id(cls, text: str, info: Any) -> str:
        count = info.data.get("count")
        for own in (_numbered(text, 1), _numbered(text, count)) if count else (text,):
            if not _ID.fullmatch(own):
                raise ValueError(f"allowed is {_ID.pattern}" + (f", not {own}" if own != text else ""))
        if (count or 1) > 1 and not _NUMBER.search(text):
            raise ValueError("ids of counted servers need {n}, as in s-{n:017}")
        return text

    @field_validator("origin_region")
    @classmethod
    def _has_ec2(cls, region: str | None) -> str | None:
        if region is not None and region not in regions("ec2"):
            raise ValueError(f"allowed are the Regions that have EC2: {', '.join(regions('ec2'))}")
        return region

    @field_validator("origin_tags")
    @classmethod
    def _of_an_instance(cls, tags: dict[str, str] | None, info: Any) -> dict[str, str] | None:
        if tags is not None and info.data.get("origin_region") is None:
            raise ValueError("allowed with origin_region: there is no instance to tag")
        return tags

    def each(self) -> Iterator[ServerDescription]:
        """Yield the servers that this describes, each with a number of its own."""
        if self.count is None:
            yield self
        for n in range(1, (self.count or 0) + 1):
            own = {"id": _numbered(self.id, n), "hostname": _numbered(self.hostname, n), "count": None}
            yield self.model_copy(
                update=own | {name: self._tags(name, n) for name in ("tags", "origin_tags")}
            )

    def _tags(self, name: str, n: int) -> dict[str, str] | None:
        tags: dict[str, str] | None = getattr(self, name)
        return None if tags is None else {key: _numbered(value, n) for key, value in tags.items()}

    def to_drs(self) -> description.ServerDescription:
        """Return the server as an agent reports it to DRS."""
        own = {name: getattr(self, name) for name in _OF_AGENT}
        replication = description.ReplicationDescription(**self.replication.model_dump())
        return description.ServerDescription(**own | {"replication": replication})


class DocumentDescription(Strict):
    """A document of Systems Manager, which is there though nobody created it, and how its runs end."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_\-.]{3,128}$")
    type: Literal["Command", "Automation"] = "Command"
    status: Literal["Success", "Failed", "TimedOut", "Cancelled"] = "Success"
    message: str | None = None
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Place(Strict):
    """The source servers of one account and Region, and networks there beside the default one.

    ``functions`` are names of functions of Lambda, and ``hosted_zones`` those of Route 53, by their ids.
    """

    account: str = Field(pattern=r"^[0-9]{12}$")
    region: str
    networks: tuple[NetworkDescription, ...] = ()
    functions: tuple[Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")], ...] = ()
    hosted_zones: dict[Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,32}$")], str] = Field(default={})
    servers: tuple[ServerDescription, ...]

    @field_validator("region")
    @classmethod
    def _has_drs(cls, region: str) -> str:
        if region not in regions():
            raise ValueError(f"allowed are the Regions that have DRS: {', '.join(regions())}")
        return region

    @field_validator("networks")
    @classmethod
    def _in_region(
        cls, networks: tuple[NetworkDescription, ...], info: Any
    ) -> tuple[NetworkDescription, ...]:
        if "region" in info.data:
            contradicted(check_networks(info.data["region"], networks))
        return networks

    @field_validator("servers")
    @classmethod
    def _one_by_one(cls, servers: tuple[ServerDescription, ...], info: Any) -> tuple[ServerDescription, ...]:
        if {"region", "networks"} <= info.data.keys():
            contradicted(check_launches(info.data["region"], info.data["networks"], servers))
        return tuple(server for description in servers for server in description.each())


class Fleet(Place):
    """All source servers there are: of one account and Region, and ``elsewhere`` of others."""

    elsewhere: tuple[Place, ...] = ()
    documents: tuple[DocumentDescription, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Fleet:
        ids = Counter(server.id for place in self.places() for server in place.servers)
        if repeated := sorted(server_id for server_id, times in ids.items() if times > 1):
            raise ValueError(f"each id once, not {', '.join(repeated[:_MOST])}")
        places = Counter(f"{place.account} {place.region}" for place in self.places())
        if named_again := sorted(place for place, times in places.items() if times > 1):
            raise ValueError(f"each account and Region once, not {', '.join(named_again)}")
        documents = Counter(document.name for document in self.documents)
        if repeated := sorted(name for name, times in documents.items() if times > 1):
            raise ValueError(f"each document once, not {', '.join(repeated)}")
        return self

    def places(self) -> tuple[Place, ...]:
        """Return all accounts and Regions that have servers."""
        return (self, *self.elsewhere)


@cache
def regions(service: str = "drs") -> tuple[str, ...]:
    """Return the Regions in which there is a service."""
    session = AccountSpecificBackend.get_session()  # moto's: each reads all endpoints for itself
    partitions = session.get_available_partitions()
    return tuple(sorted(r for p in partitions for r in session.get_available_regions(service, p)))


def names() -> list[str]:
    """Return the names of the fleets that have one."""
    return sorted(file.stem for file in NAMED.glob("*.yaml"))


def fleet_file(text: str) -> Path:
    """Return the file of a fleet that is given by its path, or by its name."""
    named = NAMED / f"{text}.yaml"
    return named if text.isidentifier() and named.exists() else Path(text)


def read_fleet(path: Path = DEFAULT) -> Fleet:
    """Read a fleet file; raises FleetError with file, line, column, and what is wrong there."""
    try:
        document = Document(path.read_text(encoding="utf-8"))
        return Fleet.model_validate(document.value)
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror}; fleets with a name: {', '.join(names())}") from error
    except UnicodeDecodeError as error:
        raise FleetError(f"{path}: byte {error.start}: a fleet is UTF-8") from error
    except Unreadable as error:
        raise FleetError(f"{path}:{error}") from error
    except ValidationError as error:
        raise FleetError(
            "\n".join(f"{path}:{_message(problem, document)}" for problem in error.errors()[:_MOST])
        ) from error


def _message(problem: ErrorDetails, document: Document) -> str:
    """Return line and column, the path of keys, and what is wrong there."""
    path = tuple(problem["loc"])
    place = document.key_place(path) if problem["type"] == "extra_forbidden" else document.place(path)
    return f"{place}: {'.'.join(str(part) for part in path) or 'file'}: {problem_text(problem, Fleet)}"


def _numbered(text: str, n: int) -> str:
    return _NUMBER.sub(lambda match: str(n).zfill(int(match[1] or 0)), text)
