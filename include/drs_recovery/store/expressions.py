"""Expressions of DynamoDB, with every name and value behind a short placeholder.

Short, because a condition on 100 waves must stay under 4 KB; placeholders, because ``status``, ``item`` and
others are reserved words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.store.requests import Request, key, marshal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_recovery.store.requests import Item

Path = tuple[str | int, ...]
"""Where an attribute is: ``("waves", 2, "status")``."""


class Expression:
    """Conditions on one item; all must hold."""

    def __init__(self, execution_id: str, item: str) -> None:
        self._key = key(execution_id, item)
        self._names: dict[str, str] = {}
        self._values: list[Item] = []
        self._conditions: list[str] = []

    def require(self, *conditions: str) -> None:
        """Add conditions, made by the methods below."""
        self._conditions.extend(conditions)

    def absent(self, *path: str | int) -> str:
        return f"attribute_not_exists({self._path(path)})"

    def present(self, *path: str | int) -> str:
        return f"attribute_exists({self._path(path)})"

    def equal(self, path: Path, value: object) -> str:
        return f"{self._path(path)} = {self._value(value)}"

    def differs(self, path: Path, value: object) -> str:
        return f"{self._path(path)} <> {self._value(value)}"

    def less(self, path: Path, value: object) -> str:
        return f"{self._path(path)} < {self._value(value)}"

    def among(self, path: Path, values: Iterable[object]) -> str:
        return f"{self._path(path)} IN ({','.join(self._value(value) for value in values)})"

    def counts(self, path: Path, count: int) -> str:
        """Hold if the list at the path has so many elements."""
        return f"size({self._path(path)}) = {self._value(count)}"

    @staticmethod
    def either(*conditions: str) -> str:
        return f"({' OR '.join(conditions)})"

    @staticmethod
    def both(*conditions: str) -> str:
        return f"({' AND '.join(conditions)})"

    def _path(self, path: Iterable[str | int]) -> str:
        text = ""
        for step in path:
            text += f"[{step}]" if isinstance(step, int) else f".{self._name(step)}"
        return text.removeprefix(".")

    def _name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def _value(self, value: object) -> str:
        typed = marshal({"": value})[""]  # typed: to Python, True is 1
        if typed not in self._values:
            self._values.append(typed)
        return f":{self._values.index(typed)}"

    def _arguments(self) -> Item:
        """Return what every conditional request holds; DynamoDB refuses empty or unused placeholders."""
        arguments: Item = {"ConditionExpression": " AND ".join(self._conditions)}
        if self._names:
            arguments["ExpressionAttributeNames"] = {short: name for name, short in self._names.items()}
        if self._values:
            values = {f":{number}": value for number, value in enumerate(self._values)}
            arguments["ExpressionAttributeValues"] = values
        return arguments


class Put(Expression):
    """A conditional put of a whole item."""

    def request(self, attributes: Item) -> Request:
        return Request("put_item", {"Item": marshal(attributes | self._key), **self._arguments()})


class Delete(Expression):
    """A conditional delete."""

    def request(self) -> Request:
        return Request("delete_item", {"Key": marshal(self._key), **self._arguments()})


class Update(Expression):
    """A conditional update of some attributes."""

    def __init__(self, execution_id: str, item: str) -> None:
        super().__init__(execution_id, item)
        self._sets: list[str] = []
        self._removes: list[str] = []

    def set(self, path: Path, value: object) -> None:
        """Set an attribute; absent is absent, so None removes it."""
        if value is None:
            self.remove(*path)
        else:
            self._sets.append(f"{self._path(path)} = {self._value(value)}")

    def remove(self, *path: str | int) -> None:
        """Remove an attribute."""
        self._removes.append(self._path(path))

    def request(self, *, returning: bool = False) -> Request:
        """Return the request; with ``returning`` its answer holds the whole item as it is then."""
        clauses = [f"SET {', '.join(self._sets)}"] if self._sets else []
        if self._removes:
            clauses.append(f"REMOVE {', '.join(self._removes)}")
        return Request(
            "update_item",
            {
                "Key": marshal(self._key),
                "UpdateExpression": " ".join(clauses),
                "ReturnValues": "ALL_NEW" if returning else "NONE",
                **self._arguments(),
            },
        )
