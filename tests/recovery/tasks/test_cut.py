"""Batches are cut from the record: whoever cuts them again, at whatever time, cuts the same."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.record.attempts import cut, next_number
from drs_recovery.record.intent import Intent
from drs_recovery.record.models import WaveRecord

IDS = [f"s-{number:017d}" for number in range(8)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def wave_of(*intents: Intent) -> WaveRecord:
    return WaveRecord(wave_number=0, wave_name="W", attempt=2, intents=intents)


refused = st.lists(st.sets(st.sampled_from(IDS), min_size=1).map(sorted), max_size=5).map(
    lambda sets: [
        Intent(attempt=2, batch=number, servers=tuple(servers), time=NOW, refusal="no")
        for number, servers in enumerate(sets)
    ]
)


@given(refused, st.lists(st.sampled_from(IDS), unique=True), st.integers(1, 5))
def test_every_server_is_in_one_batch_and_no_number_stands_for_two(
    known: list[Intent], free: list[str], size: int
) -> None:
    """None is lost, none is in two, none is too large; a number on record stands for its own servers only."""
    wave = wave_of(*known)
    batches = cut(wave, free, size)
    assert sorted(server for batch in batches for server in batch.servers) == sorted(free)
    assert all(1 <= len(batch.servers) <= size for batch in batches)
    numbers = [batch.number for batch in batches]
    assert len(set(numbers)) == len(numbers)
    on_record = {intent.batch: intent.servers for intent in known}
    assert all(on_record.get(batch.number, batch.servers) == batch.servers for batch in batches)
    assert next_number(wave) > max(on_record, default=-1)


@given(refused, st.lists(st.sampled_from(IDS), unique=True), st.integers(1, 5), st.integers(0, 8))
def test_whoever_comes_after_a_crash_cuts_what_is_left_as_it_was(
    known: list[Intent], free: list[str], size: int, announced: int
) -> None:
    """However many batches were announced before it: the others keep their numbers and their servers."""
    batches = cut(wave_of(*known), free, size)
    live = [
        Intent(attempt=2, batch=batch.number, servers=batch.servers, time=NOW, job_id=f"drsjob-{place:017d}")
        for place, batch in enumerate(batches[:announced])
    ]
    others = [intent for intent in known if intent.batch not in {one.batch for one in live}]
    taken = {server for intent in live for server in intent.servers}
    left = [server for server in free if server not in taken]
    assert cut(wave_of(*others, *live), left, size) == batches[announced:]


def test_an_earlier_attempt_has_no_say() -> None:
    """Its numbers are its own: each attempt begins again."""
    wave = wave_of(Intent(attempt=1, batch=4, servers=tuple(IDS), time=NOW, refusal="no"))
    assert cut(wave, IDS, 100) == [(0, tuple(IDS))]
