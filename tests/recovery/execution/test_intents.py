"""The servers of an intent, and the intents of attempts that are over, are in items of their own."""

from __future__ import annotations

import pytest

from drs_recovery.errors import RecordUnavailable, StartRefused, TransitionRefused
from drs_recovery.record.enums import ExecutionStatus, WaveStatus
from drs_recovery.record.status import RunEnd
from drs_recovery.store.intents import with_servers
from drs_recovery.store.open_attempt import open_attempt
from drs_recovery.store.own_items import MOST_IDS, put_ids, read_ids
from drs_recovery.store.programs import complete_execution, start_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.whole import read_whole
from tests.recovery.execution.ended import ended, opening


def items(world, prefix):
    return [item for item in world.items() if item["item"].startswith(prefix)]


def test_the_record_counts_the_servers_of_an_intent_and_an_item_of_its_own_names_them(world):
    """However many servers a batch has, the record does not grow with them."""
    servers = [f"s-{number:017x}" for number in range(100)]
    world.frozen(each=2).store.run(start_recovery.intend(world.id, 0, world.make.intent(servers=servers)))
    (intent,) = world.store.run(read_execution(world.id)).wave(0).intents
    assert (intent.servers, intent.count) == ((), 100)
    assert list(world.store.run(with_servers(world.id, [intent]))[0].servers) == servers
    (raw,) = world.record()["waves"][0]["intents"]
    assert raw["servers"] == []
    assert [item["ids"] for item in items(world, raw["serversItem"])] == [servers]


def test_a_batch_that_is_sent_again_and_again_makes_one_item(world):
    """While DRS throttles for hours, neither the record grows nor what is beside it."""
    world.frozen()
    for _ in range(5):
        intent = world.make.intent()
        world.store.run(start_recovery.intend(world.id, 0, intent))
        world.store.run(start_recovery.refused(world.id, 0, intent, "ThrottlingException"))
    assert len(items(world, "IDS#")) == 1
    assert len(world.record()["waves"][0]["intents"]) == 1


def test_a_start_that_the_record_refuses_leaves_nothing_behind(world):
    """What is not announced needs no list of servers."""
    world.frozen()
    before = world.raw()
    with pytest.raises(StartRefused, match="waits for waves that are not done"):
        world.store.run(start_recovery.intend(world.id, 1, world.make.intent(1)))
    assert world.raw() == before


def test_the_intents_of_an_attempt_leave_the_record_with_the_next_one(world):
    """Each with what became of it; together with those of the record they are all that were announced."""
    ended(world)
    (before,) = world.store.run(read_execution(world.id)).wave(1).intents
    after = world.store.run(open_attempt(world.id, opening())).wave(1)
    assert (after.intents, after.job_ids) == ((), ("drsjob-1",))
    (past,) = world.store.run(read_whole(world.store.run(read_execution(world.id)))).wave(1).intents
    assert (past.intent_id, past.job_id, len(past.servers)) == (before.intent_id, "drsjob-1", 2)


def test_a_crash_between_the_two_shows_no_intent_twice(world):
    """The item was put, the record was not: the record still says what it said."""
    ended(world)
    intent = world.store.run(read_execution(world.id)).wave(1).intents[0]
    world.put({"executionId": world.id, "item": f"INTENT#001#001#000#{intent.intent_id}", **intent.to_item()})
    assert len(world.store.run(read_whole(world.store.run(read_execution(world.id)))).wave(1).intents) == 1


def test_a_job_that_shows_after_the_next_attempt_opened_is_on_record(world):
    """It was taken for lost: a job that DRS made is never forgotten, and none is named twice."""
    ended(world, status=WaveStatus.TIMED_OUT, execution=None)
    record = world.record()
    lost = world.make.intent(1, batch=1)
    record["waves"][1]["intents"].append(lost.to_item())
    world.put(record)
    world.store.run(complete_execution.write_end(world.id, ExecutionStatus.TIMED_OUT, "it took too long"))
    at_rest = [lost.replace(refusal="no job came of it")]
    world.store.run(open_attempt(world.id, opening(resolved=at_rest)))
    assert (
        world.store.run(start_recovery.started(world.id, 1, lost, "drsjob-late")).wave(1).job_ids[-1]
        == "drsjob-late"
    )
    assert (
        world.store.run(start_recovery.started(world.id, 1, lost, "drsjob-late"))
        .wave(1)
        .job_ids.count("drsjob-late")
        == 1
    )
    with pytest.raises(TransitionRefused, match="is job drsjob-late already, not drsjob-2"):
        world.store.run(start_recovery.started(world.id, 1, lost, "drsjob-2"))
    with pytest.raises(TransitionRefused, match="became job drsjob-late"):
        world.store.run(start_recovery.refused(world.id, 1, lost, "no"))
    found = {
        intent.job_id
        for intent in world.store.run(read_whole(world.store.run(read_execution(world.id)))).wave(1).intents
    }
    assert found == {"drsjob-1", "drsjob-late"}


def test_an_open_intent_is_named_with_its_servers_where_its_wave_is_left(world):
    """Nobody knows whether it became a job: people must look for its servers by name."""
    world.frozen().store.run(start_recovery.intend(world.id, 0, world.make.intent()))
    failure = (
        world.store.run(complete_execution.close_waves(world.id, RunEnd(interrupted="marked failed")))
        .wave(0)
        .failure
    )
    assert "for s-00000000000000000, s-00000000000000001 and nobody knows" in failure


def test_a_list_longer_than_an_item_is_in_several(world):
    """A wave of ten thousand servers has a list, too."""
    world.opened()
    ids = tuple(f"s-{number:017x}" for number in range(2 * MOST_IDS + 1))
    name = world.store.run(put_ids(world.id, ids))
    assert len(items(world, name)) == 3
    assert world.store.run(read_ids(world.id, name)) == ids


def test_a_list_that_is_not_what_its_name_says_is_not_believed(world):
    """An item that is gone, or was edited, is no shorter list of servers."""
    world.opened()
    name = world.store.run(put_ids(world.id, ["s-1", "s-2"]))
    world.put({"executionId": world.id, "item": f"{name}#000", "ids": ["s-1"]})
    with pytest.raises(RecordUnavailable, match="holds 1 ids, and not those it names"):
        world.store.run(read_ids(world.id, name))


def test_what_cannot_be_read_beside_the_record_hides_nothing_else(world):
    """Whoever may write one item may have written any of them."""
    ended(world)
    world.store.run(open_attempt(world.id, opening()))
    key = {"executionId": world.id}
    world.put({**key, "item": "INTENT#001#001#000#a", "attempt": "none"})
    world.put({**key, "item": "INTENT#nowhere", **world.make.intent(1).to_item()})
    world.put({**key, "item": "IDS#0#000", "ids": "s-1"})
    (intent,) = world.store.run(read_whole(world.store.run(read_execution(world.id)))).wave(1).intents
    assert len(intent.servers) == 2
