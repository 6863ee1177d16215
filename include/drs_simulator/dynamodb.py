"""moto's DynamoDB, mended at run time, so that what it takes for an answer grows with the answer alone.

moto sorts all items of a table for each query of a partition: 0.1 s with 9,000 items. And of each attribute
that it answers it looks which of ten types it has, under six names each. Sixty recoveries wait for one
another at that in local AWS, and in no other.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any

from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from moto.core.model import StructureShape


class DynamoDBSerializer(JSONSerializer):
    """Puts plain values into an answer as they are."""

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: StructureShape, key: str) -> None:
        if shape.name == "AttributeValue" and _is_plain(value):
            self._default_serialize(serialized, value, shape, key)
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _is_plain(value: Any) -> bool:
    """Whether a value of DynamoDB is JSON as it is; bytes have to be encoded."""
    ((kind, content),) = value.items()
    if kind in ("S", "N"):
        return isinstance(content, str)
    if kind == "M":
        return all(map(_is_plain, content.values()))
    if kind == "L":
        return all(map(_is_plain, content))
    return kind in ("BOOL", "NULL", "SS", "NS")


@cache
def mend() -> None:
    """Let moto use that, and let a query of a table read its partition alone. One query runs at a time."""
    SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": DynamoDBSerializer}
    whole_query = Table.query
    arguments = signature(whole_query)

    @wraps(whole_query)
    def query(self: Table, *args: Any, **kwargs: Any) -> Any:
        wanted = arguments.bind(self, *args, **kwargs).arguments
        if wanted.get("index_name") or (key := wanted["hash_key"]) not in self.items:
            return whole_query(self, *args, **kwargs)
        items = self.items
        self.items = defaultdict(dict, {key: items[key]})
        try:
            return whole_query(self, *args, **kwargs)
        finally:
            self.items = items

    Table.query = query  # type: ignore[method-assign]
