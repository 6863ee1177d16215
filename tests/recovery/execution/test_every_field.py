"""Whatever a writer may change is on record after the change: no field of the record is passed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_recovery.record.enums import ExecutionStatus, Writer
from drs_recovery.record.models import Execution, WaveRecord
from drs_recovery.record.parts import Lag
from drs_recovery.record.transitions import FIELDS, WAVE_FIELDS
from drs_recovery.store.changes import change, set_difference
from drs_recovery.store.expressions import Update
from drs_recovery.store.queries import EXECUTION, read_execution
from tests.recovery.execution import largest
from tests.recovery.execution.stored import START, Make

FIXED = {"execution_id", "waves", "total_waves"}
OF_EXECUTIONS = sorted(set(Execution.model_fields) - FIXED)
LATER = START + timedelta(hours=1)
OF_WAVES = sorted(set(WaveRecord.model_fields) - {"wave_number"})


def old():
    """Return an execution in which hardly a field holds what a sample does."""
    return Make().execution(waves=3)


def sample(name):
    """Return a value of a field of an execution that is not the one it begins with."""
    others = {"status": ExecutionStatus.PAUSED, "open_since": START, "lag": Lag(seconds=1, unknown=2)}
    others |= {"execution_type": "RECOVERY", "completed_waves": 2, "start_time": LATER}
    return others[name] if name in others else getattr(largest.execution(), name)


def with_waves(execution, numbers, **changed):
    waves = [wave.replace(**changed) if wave.wave_number in numbers else wave for wave in execution.waves]
    return execution.replace(waves=tuple(waves))


def written(world, before, after):
    """Write the difference of two records, whoever may; return what is on record then."""
    world.put(before.to_item() | {"item": "EXECUTION"})
    update = Update(before.execution_id, EXECUTION)
    update.require(update.present("item"))
    set_difference(update, before, after)
    request = update.request(returning=True)
    world.client.update_item(TableName=world.table, **request.arguments)
    return world.store.run(read_execution(before.execution_id))


@pytest.mark.parametrize("name", OF_EXECUTIONS)
def test_a_field_that_changed_is_on_record(world, name):
    """Each there is, also one that nobody may write yet: nobody can forget a new one. And back again."""
    before = old()
    after = before.replace(**{name: sample(name)})
    assert after != before
    assert written(world, before, after) == after
    assert written(world, after, before) == before


@pytest.mark.parametrize("waves", [(1,), (0, 2)], ids=["one wave", "two waves"])
@pytest.mark.parametrize("name", OF_WAVES)
def test_a_field_of_a_wave_that_changed_is_on_record(world, name, waves):
    """Alone, or with those of other waves."""
    before = old()
    value = {"status": "PAUSED", "depends_on": (2,), "timeout_seconds": 60, "pause_before_wave": False}
    changed = {name: value.get(name, getattr(largest.wave(1), name))}
    after = with_waves(with_waves(before, waves, pause_before_wave=True), waves, **changed)
    before = with_waves(before, waves, pause_before_wave=True)
    assert after != before
    assert written(world, before, after) == after
    assert written(world, after, before) == before


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.sampled_from(OF_EXECUTIONS), min_size=1),
    of_waves=st.sets(st.sampled_from(["approval", "failure", "intents", "job_ids", "attempt"])),
    waves=st.sets(st.integers(0, 2)),
)
def test_whatever_changes_together_is_on_record_together(world, names, of_waves, waves):
    """One update, whatever is in it."""
    before = old()
    after = before.replace(**{name: sample(name) for name in names})
    after = with_waves(after, waves, **{name: getattr(largest.wave(1), name) for name in of_waves})
    assert written(world, before, after) == after


PERMITTED = [
    (writer, name) for writer in Writer for name in sorted(FIELDS[writer]) if name not in {"waves", "failure"}
]


@pytest.mark.parametrize(
    ("writer", "name"), PERMITTED, ids=[f"{writer}-{name}" for writer, name in PERMITTED]
)
def test_what_the_table_of_writers_permits_is_written(world, writer, name):
    """Through the one way that all writers take."""
    world.opened()
    wanted = sample(name)
    world.store.run(change(world.id, writer, lambda execution: execution.replace(**{name: wanted})))
    assert getattr(world.store.run(read_execution(world.id)), name) == wanted


OF_ANY_WAVE = [(writer, name) for writer in Writer for name in sorted(WAVE_FIELDS[writer] - {"status"})]


@pytest.mark.parametrize(
    ("writer", "name"), OF_ANY_WAVE, ids=[f"{each}-{name}" for each, name in OF_ANY_WAVE]
)
def test_what_the_table_of_writers_permits_of_a_wave_is_written(world, writer, name):
    """The same for each field of a wave."""
    world.opened()
    wanted = getattr(largest.wave(1), name)
    world.store.run(change(world.id, writer, lambda execution: with_waves(execution, {1}, **{name: wanted})))
    assert getattr(world.store.run(read_execution(world.id)).wave(1), name) == wanted
