"""Launch settings: which of several descriptions counts, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from drs_recovery.plan.launch import Launch, server_launch

ONE = "s-00000000000000001"


@pytest.mark.parametrize(
    ("below", "above", "result"),
    [
        ({"subnet": "subnet-1", "private_ip": "10.0.0.5"}, {"subnet": "subnet-2"}, {"subnet": "subnet-2"}),
        ({"instance_type": "m5.large"}, {"right_sizing": "BASIC"}, {"right_sizing": "BASIC"}),
        (
            {"instance_type": "m5.large"},
            {"right_sizing": "NONE"},
            {"right_sizing": "NONE", "instance_type": "m5.large"},
        ),
        ({"right_sizing": "IN_AWS"}, {"instance_type": "m5.large"}, {"instance_type": "m5.large"}),
        ({"private_ip": "10.0.0.5"}, {"copy_private_ip": True}, {"copy_private_ip": True}),
        ({"tags": {"A": "1"}}, {"tags": {"B": "2"}}, {"tags": {"B": "2"}}),
    ],
)
def test_what_goes_over_another_takes_along_what_it_contradicts(
    below: dict[str, Any], above: dict[str, Any], result: dict[str, Any]
) -> None:
    """In drills all of what a drill says counts, whatever a recovery says of single servers."""
    lower = Launch.model_validate({"servers": {ONE: below}})
    found = server_launch(lower, Launch.model_validate(above), server=ONE)
    assert found.model_dump(mode="json", exclude_none=True) == result
