"""What the stack on Celery has that no other has: `make test-celery`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher.settings import read_settings
from tests.airflow_rest import until

if TYPE_CHECKING:
    from tests.integration.running_stack import World

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(
        read_settings().executor != "celery", reason="EXECUTOR is not celery: make test-celery"
    ),
]


def test_each_worker_runs_tasks(world: World) -> None:
    """Or all that is tried here would show nothing of Celery."""

    def idle() -> set[str]:
        logs = {name: world.stack.home.log(name).read_text() for name in world.stack.layout.workers}
        return {name for name, log in logs.items() if "succeeded in" not in log}

    for _ in range(3):
        run = world.start("one_wave")
        assert run.wait_for_end() == "success", run.record.get("outcome")
    assert until("each worker to have run a task", lambda: not idle())
