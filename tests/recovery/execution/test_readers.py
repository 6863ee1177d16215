"""Looking up executions: all of them, in order, and nothing is written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drs_recovery.record.enums import ExecutionStatus
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import complete_execution, open_execution
from drs_recovery.store.queries import list_executions, open_executions, read_execution
from drs_recovery.store.requests import marshal
from drs_recovery.store.servers import read_server_ids, read_servers

E = ExecutionStatus
FIRST, SECOND = "s-00000000000000001", "s-00000000000000002"


def opened_at(world, run, minutes, plan="web_shop"):
    start = world.make.time() + timedelta(minutes=minutes)
    execution = world.make.execution(run, plan=plan, start_time=start)
    return world.store.run(open_execution.open_execution(execution)).execution_id


def test_executions_are_listed_newest_first(world):
    """All, or those of a plan; as many as are asked for."""
    old, new, middle = (opened_at(world, f"run{minutes}", minutes) for minutes in (0, 20, 10))
    other = opened_at(world, "run", 15, plan="payroll")
    assert [execution.execution_id for execution in world.store.run(list_executions())] == [
        new,
        other,
        middle,
        old,
    ]
    assert [execution.execution_id for execution in world.store.run(list_executions("web_shop"))] == [
        new,
        middle,
        old,
    ]
    assert [
        execution.execution_id for execution in world.store.run(list_executions("web_shop", limit=2))
    ] == [new, middle]
    assert world.store.run(list_executions("unknown")) == []


def test_lists_hold_executions_and_nothing_else(world):
    """Servers, events, plans and locks are no executions."""
    world.frozen().completed(0)
    world.store.run(take_lock(world.store.run(read_execution(world.id))))
    assert [execution.execution_id for execution in world.store.run(list_executions())] == [world.id]


def test_open_executions_are_found_without_a_scan(world):
    """Those that are not final, oldest first; a final write takes an execution out of the index."""
    first, second, third = (opened_at(world, f"run{minutes}", minutes) for minutes in (0, 10, 20))
    world.store.run(complete_execution.close_waves(second))
    world.store.run(complete_execution.write_end(second, E.FAILED, "over"))
    assert [execution.execution_id for execution in world.store.run(open_executions())] == [first, third]


def test_r61_one_unreadable_record_hides_no_other(world, caplog):
    """An execution of an unknown kind is named in the log; the list shows the others."""
    good = opened_at(world, "run1", 0)
    bad = world.make.execution("run2").to_item() | {"item": "EXECUTION", "executionType": "REHEARSAL"}
    world.put(bad | {"openSince": bad["startTime"]})
    assert [execution.execution_id for execution in world.store.run(list_executions())] == [good]
    assert [execution.execution_id for execution in world.store.run(open_executions())] == [good]
    assert "REHEARSAL" in caplog.text


@pytest.mark.parametrize("plan", [None, "web_shop"])
@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_an_unreadable_record_takes_no_other_ones_place(world, plan, limit):
    """As many are listed as are asked for and can be read, and each of the others is shown."""
    good = [opened_at(world, f"run{minutes}", minutes) for minutes in (30, 20, 0)]
    for number in (25, 24, 23, 10):
        start = world.make.time() + timedelta(minutes=number)
        bad = world.make.execution(f"bad{number}", start_time=start).to_item() | {"item": "EXECUTION"}
        world.put(bad | {"executionType": f"REHEARSAL{number}"})
    shown: list[str] = []
    listed = world.store.run(list_executions(plan, limit, passed_over=shown.append))
    assert [execution.execution_id for execution in listed] == good[:limit]
    assert [texts[texts.index("REHEARSAL") :][:11] for texts in shown] == [
        f"REHEARSAL{number}" for number in {1: [], 2: [25, 24, 23]}.get(limit, [25, 24, 23, 10])
    ]


def test_r61_an_execution_of_an_unknown_status_is_listed(world):
    """A status that nobody mapped made executions invisible."""
    item = world.make.execution().to_item() | {"item": "EXECUTION", "status": "ARCHIVED"}
    world.put(item | {"openSince": item["startTime"]})
    assert [str(execution.status) for execution in world.store.run(list_executions())] == ["ARCHIVED"]
    assert [str(execution.status) for execution in world.store.run(open_executions())] == ["ARCHIVED"]


def test_p4_all_servers_are_read_however_many_pages_they_fill(world):
    """DynamoDB answers in pages of 1 MB; nothing beyond the first is dropped."""
    world.opened()
    servers = [
        ServerRecord(source_server_id=f"s-{number:03}", wave_number=0, error="x" * 4000)
        for number in range(330)
    ]
    keys = [{"executionId": world.id, "item": f"SERVER#000#{server.source_server_id}"} for server in servers]
    items = [marshal(server.to_item() | key) for server, key in zip(servers, keys, strict=True)]
    for start in range(0, 330, 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        world.client.batch_write_item(RequestItems={world.table: puts})
    sent = []
    world.client.meta.events.register(
        "before-send.dynamodb.Query", lambda **_: sent.append(1), unique_id="sent"
    )
    assert world.store.run(read_servers(world.id)) == servers
    world.client.meta.events.unregister("before-send.dynamodb.Query", unique_id="sent")
    assert len(sent) > 1


def test_a_wave_is_not_taken_for_another_with_a_longer_number(world):
    """Wave 1 is not wave 10 or 100: numbers have three digits in keys."""
    world.frozen(waves=12, each=1)
    assert [server.wave_number for server in world.store.run(read_servers(world.id, 1))] == [1]
    assert [server.wave_number for server in world.store.run(read_servers(world.id))] == list(range(12))


@pytest.mark.parametrize(
    ("spoilt", "texts"),
    [
        ({"launchStatus": "LAUNCHED"}, "sourceServerID: Field required"),
        ({"sourceServerID": "s-00000000000000001", "waveNumber": "first"}, "waveNumber: "),
        (
            {"sourceServerID": "s-00000000000000002", "waveNumber": 0},
            "holds what is 'SERVER#000#s-00000000000000002'",
        ),
        (
            {"sourceServerID": "s-00000000000000001", "waveNumber": 1},
            "holds what is 'SERVER#001#s-00000000000000001'",
        ),
    ],
    ids=["nothing in it", "no number", "another server", "another wave"],
)
def test_a_server_that_cannot_be_read_hides_no_other_and_is_reported(world, spoilt, texts):
    """Nor one that its key does not name; which servers there are, the keys tell all the same."""
    world.frozen(waves=1)
    good = [server.source_server_id for server in world.store.run(read_servers(world.id))]
    key = f"SERVER#000#{FIRST}"
    world.put({"executionId": world.id, "item": key} | spoilt)
    shown: list[str] = []
    servers = world.store.run(read_servers(world.id, passed_over=shown.append))
    assert [server.source_server_id for server in servers] == good[:1]
    assert len(shown) == 1
    assert key in shown[0]
    assert texts in shown[0]
    assert world.store.run(read_server_ids(world.id)) == set(good)


def test_what_drs_would_not_take_for_an_id_is_no_server(world):
    """AWS would refuse the whole question about servers that names it."""
    world.frozen(waves=1)
    good = world.store.run(read_server_ids(world.id))
    for foreign in ("SERVER#x", "SERVER#000#", "SERVER#000#s-1", "SERVER#000#s-0000000000000000\u0661"):
        world.put({"executionId": world.id, "item": foreign})
    assert world.store.run(read_server_ids(world.id)) == good
    assert len(good) == 2
