"""moto's DynamoDB, mended at run time: a query reads one partition.

moto sorts all items of a table for each query of a partition: 0.1 s with 9,000 items, at which sixty
recoveries wait for one another in local AWS, and in no other.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, wraps
from inspect import signature
from typing import Any

from moto.dynamodb.models.table import Table


@cache
def mend() -> None:
    """Let a query of a table read the items of its partition alone. One query runs at a time."""
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
