"""The execution record as it stands in the table: raw items, not through the product's store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "recovery-executions"


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item without DynamoDB's type letters."""
    deserialize = TypeDeserializer().deserialize
    return {key: deserialize(value) for key, value in item.items()}


class Records:
    """Reads of the table of executions."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.client = client
        self._ids: dict[tuple[str, str], str] = {}

    def scan(self) -> Iterator[dict[str, Any]]:
        """Yield every item of the table."""
        for page in self.client.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True):
            yield from map(plain, page["Items"])

    def of_run(self, dag_id: str, run_id: str) -> dict[str, Any] | None:
        """Return the EXECUTION item of a DAG run; once it was found, it is asked for by its key."""
        if (dag_id, run_id) in self._ids:
            return self.again({"executionId": self._ids[dag_id, run_id]})
        for item in self.scan():
            if item["item"] == "EXECUTION" and (item["planId"], item["dagRunId"]) == (dag_id, run_id):
                self._ids[dag_id, run_id] = item["executionId"]
                return item
        return None

    def again(self, execution: dict[str, Any]) -> dict[str, Any]:
        """Return the EXECUTION item as it is now."""
        key = {"executionId": {"S": execution["executionId"]}, "item": {"S": "EXECUTION"}}
        return plain(self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"])

    def item(self, execution: dict[str, Any], name: str) -> dict[str, Any] | None:
        """Return an item of the execution by its whole key, if it is there."""
        return next((item for item in self._items(execution, name) if item["item"] == name), None)

    def events(self, execution: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the audit trail, in the order of its keys."""
        return self._items(execution, "EVENT#")

    def servers(self, execution: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the servers of the execution."""
        return self._items(execution, "SERVER#")

    def tasks(self, execution: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what is on record of tasks."""
        return self._items(execution, "TASK#")

    def _items(self, execution: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("query").paginate(
            TableName=TABLE,
            ConsistentRead=True,
            KeyConditionExpression="executionId = :e AND begins_with(#i, :p)",
            ExpressionAttributeNames={"#i": "item"},
            ExpressionAttributeValues={":e": {"S": execution["executionId"]}, ":p": {"S": prefix}},
        )
        return [plain(item) for page in pages for item in page["Items"]]

    def lock(self, dag_id: str) -> dict[str, Any] | None:
        """Return the lock of a plan."""
        key = {"executionId": {"S": f"PLAN#{dag_id}"}, "item": {"S": "LOCK"}}
        item = self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
        return plain(item) if item else None


def statuses(execution: dict[str, Any]) -> list[str]:
    """Return the status of every wave."""
    return [wave["status"] for wave in execution["waves"]]
