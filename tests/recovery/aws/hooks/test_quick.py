"""A hook that is made soon says the same to AWS as Airflow's."""

from __future__ import annotations

import inspect

import pytest

from drs_recovery.aws.hooks.quick import QuickHook


class Asks:
    """Stands for an operator."""

    def execute(self) -> str:
        """Return what a client that is made here adds to its user agent."""
        return _user_agent()


def _user_agent() -> str:
    hook = QuickHook[object](aws_conn_id=None, region_name="eu-west-1", client_type="drs")
    extra: str = hook.conn.meta.config.user_agent_extra
    return extra


@pytest.fixture(autouse=True)
def _sources_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def stack(*_: object) -> None:
        raise AssertionError("the source of each frame is read")

    monkeypatch.setattr(inspect, "stack", stack)


def test_the_user_agent_names_the_operator() -> None:
    """It is the class of what executes, and no source is read to find it."""
    assert "Caller/Asks " in Asks().execute()


def test_outside_of_a_task_nobody_is_named() -> None:
    """A process of Airflow may ask as well."""
    assert "Caller/Unknown " in _user_agent()
