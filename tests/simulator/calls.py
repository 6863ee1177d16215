"""What tests of calls with faulty responses do: one attempt each, and a look at what came of it."""

from __future__ import annotations

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ONCE = Config(retries={"total_max_attempts": 1})


def put(table, key="1"):
    """Write an item into the table ``t``."""
    table.put_item(TableName="t", Item={"k": {"S": key}})


def is_there(table, key="1"):
    """Return whether the table ``t`` has an item."""
    return "Item" in table.get_item(TableName="t", Key={"k": {"S": key}})


def refusal(call, *arguments, **parameters):
    """Do a call that is refused; return the error's code, its HTTP status, and the whole response."""
    with pytest.raises(ClientError) as raised:
        call(*arguments, **parameters)
    response = raised.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response
