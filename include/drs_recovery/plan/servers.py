"""Which source servers are meant: listed by id, selected by DRS tags, or several such selections together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag

from drs_recovery.plan.values import Frozen, SourceServerId, TagKey, TagValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ServerTags(Frozen):
    """The source servers that have all of some DRS tags when an execution opens."""

    tags: Annotated[dict[TagKey, TagValue], Field(min_length=1)] = Field(
        description="Tags of the DRS source servers (not of EC2 instances); a server has all of them."
    )


def _kind_of_servers(value: object) -> str | None:
    if isinstance(value, list | tuple):
        return "ids"
    if isinstance(value, AnyOf) or (isinstance(value, dict) and "any_of" in value):
        return "any of"
    return "by tags" if isinstance(value, dict | ServerTags) else None


ServerIds = Annotated[tuple[SourceServerId, ...], Field(min_length=1)]
IdsOrTags = Annotated[
    Annotated[ServerIds, Tag("ids")] | Annotated[ServerTags, Tag("by tags")],
    Discriminator(_kind_of_servers),
]


class AnyOf(Frozen):
    """The source servers of several selections: each that one of them has, once."""

    any_of: Annotated[tuple[IdsOrTags, ...], Field(min_length=1)] = Field(
        description="Selections of source servers: lists of ids, and {tags: {key: value}}."
    )


Servers = Annotated[
    Annotated[ServerIds, Tag("ids")]
    | Annotated[ServerTags, Tag("by tags")]
    | Annotated[AnyOf, Tag("any of")],
    Discriminator(_kind_of_servers),
]


def selections(servers: Servers) -> tuple[tuple[str, ...] | ServerTags, ...]:
    """Return the lists of ids and the tags that servers are selected by."""
    return servers.any_of if isinstance(servers, AnyOf) else (servers,)


def listed_ids(servers: Servers) -> tuple[str, ...]:
    """Return the ids of the servers that are listed."""
    return tuple(one for part in selections(servers) if isinstance(part, tuple) for one in part)


def tag_selections(servers: Servers) -> tuple[ServerTags, ...]:
    """Return the tags that servers are selected by; none where all are listed."""
    return tuple(part for part in selections(servers) if isinstance(part, ServerTags))


def as_written(servers: Servers) -> Any:
    """Return servers as a file has them: plain data."""
    return list(servers) if isinstance(servers, tuple) else servers.model_dump(mode="json")


def together(each: Iterable[Servers]) -> Servers:
    """Return several selections as one: a list where all servers are listed."""
    parts = list(_parts(each))
    return parts[0] if len(parts) == 1 else AnyOf(any_of=tuple(parts))


def _parts(each: Iterable[Servers]) -> Iterator[tuple[str, ...] | ServerTags]:
    """Yield all that is listed as one list, then the selections by tags, each once."""
    found = list(each)
    if ids := tuple(one for servers in found for one in listed_ids(servers)):
        yield ids
    seen: list[ServerTags] = []
    for tags in (one for servers in found for one in tag_selections(servers)):
        if tags not in seen:
            seen.append(tags)
            yield tags
