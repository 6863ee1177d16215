"""What the tests of the poller stand on."""

from __future__ import annotations

import asyncio
import gc

import pytest

from drs_recovery.aws.utils.drs_poller import DrsJobPoller
from tests.recovery.aws.utils.polling import RecordingHook


@pytest.fixture
def forget():
    for memory in (RecordingHook.opened, RecordingHook.looks, RecordingHook.contexts):
        memory.clear()


@pytest.fixture
async def nothing_is_left():
    """After each test no poller runs, no task is left, and no client stays open (that would warn)."""
    yield
    assert DrsJobPoller._running == {}
    assert [task for task in asyncio.all_tasks() if task.get_name() == "drs-job-poller"] == []
    gc.collect()
