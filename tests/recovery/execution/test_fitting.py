"""A record is kept within what one item has room for; nothing is cut while it fits, and nothing is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drs_recovery.record.enums import Decision, WaveStatus
from drs_recovery.record.intent import Intent
from drs_recovery.record.parts import Approval, Failure, PreflightWarning
from drs_recovery.record.texts import begins_with, cut, same_text, text_name
from drs_recovery.store.fitting import filled, fitted, recognised, record_size, texts_of
from drs_recovery.store.own_items import ids_item
from tests.recovery.execution import largest
from tests.recovery.execution.stored import START, Make

message_text = st.text(min_size=1, max_size=60).map(lambda text: text * 70)
quoting = message_text.map(lambda text: f"{text}: {cut(text)}")
fragments = st.none() | message_text | quoting
"""Also what quotes a text that was cut, and so ends like one."""

server_ids = st.integers(1, 9).map(lambda count: tuple(f"s-{number}" for number in range(count)))
budgets = st.integers(0, 60_000)


@st.composite
def executions(draw):
    """Draw executions with texts of all lengths in all places."""
    make = Make()
    execution = make.execution(waves=3, reason=draw(fragments), outcome=draw(fragments))
    waves = []
    for wave in execution.waves:
        answer = Approval(decision=Decision.APPROVED, by="alice", time=START, reason=draw(fragments))
        intent = Intent(attempt=1, batch=0, time=START, servers=draw(server_ids), refusal=draw(fragments))
        kept = {"approval": answer, "intents": (intent,), "status": WaveStatus.FAILED}
        waves.append(wave.replace(failure=draw(fragments), **kept))
    message = draw(fragments)
    return execution.replace(
        waves=tuple(waves),
        failure=message and Failure(kind="FAILED", message=message),
        warnings=[PreflightWarning(check="lag", message=text) for text in draw(st.lists(fragments)) if text],
    )


def without_texts(execution):
    item = execution.to_item()
    for path, _ in texts_of(execution):
        held = item
        for step in path[:-1]:
            held = held[step]
        del held[path[-1]]
    for wave in item["waves"]:
        for intent in wave["intents"]:
            for name in ("servers", "serverCount", "serversItem"):
                intent.pop(name, None)
    return item


def intents_of(execution):
    return [intent for wave in execution.waves for intent in wave.intents]


@given(executions())
def test_nothing_is_cut_while_it_fits(execution):
    """The record is what it was before anybody counted bytes."""
    fits = fitted(execution, record_size(execution))
    assert (fits.execution, fits.texts, fits.lists) == (execution, (), ())


@settings(max_examples=200)
@given(executions(), budgets)
def test_only_texts_are_cut_and_all_of_each_is_kept(execution, budget):
    """Statuses, ids and times stay; what was cut is found again, whole, by the name in its place."""
    fits = fitted(execution, budget)
    assert without_texts(fits.execution) == without_texts(execution)
    wholes = {text_name(text): text for text in fits.texts}
    before, after = dict(texts_of(execution)), dict(texts_of(filled(fits.execution, wholes)))
    assert after == before
    lists = {ids_item(ids): ids for ids in fits.lists}
    held = [lists.get(intent.servers_item, intent.servers) for intent in intents_of(fits.execution)]
    assert held == [intent.servers for intent in intents_of(execution)]
    assert set(lists) == {intent.servers_item for intent in intents_of(fits.execution)} - {None}


@settings(max_examples=200)
@given(executions(), budgets)
def test_it_fits_or_there_is_nothing_left_to_cut(execution, budget):
    """The longest text goes first: none is left that is longer than what stands in the place of one."""
    fits = fitted(execution, budget).execution
    left = [text for _, text in texts_of(fits)]
    assert record_size(fits) <= budget or all(len(text.encode()) <= 30 for text in left)


@settings(max_examples=200)
@given(executions(), budgets)
def test_what_fits_stays_as_it_is(execution, budget):
    """Fitted twice is fitted once: a retry writes what the first try wrote."""
    once = fitted(execution, budget).execution
    again = fitted(once, budget, once)
    assert (again.execution, again.texts) == (once, ())
    assert fitted(execution, budget).execution == once


@settings(max_examples=200)
@given(executions(), budgets)
def test_what_is_written_again_is_known_again(execution, budget):
    """Though it stands shortened on record, the same thing written again changes nothing."""
    on_record = fitted(execution, budget).execution
    message_text = dict(texts_of(execution))
    for path, text in texts_of(on_record):
        assert same_text(text, message_text[path])
        assert not same_text(text, f"another {message_text[path]}")
    slim = execution.replace(
        waves=tuple(
            wave.replace(intents=recorded.intents)
            for wave, recorded in zip(execution.waves, on_record.waves, strict=True)
        )
    )
    assert recognised(on_record, slim) == on_record


def test_what_only_begins_alike_is_another_text():
    """Two failures may begin with the same thousand letters."""
    one, other = (f"{largest.text('a')[:-1]}{letter}" for letter in "12")
    held = fitted(execution := Make().execution(reason=one), record_size(execution) - 1).execution.reason
    assert held.startswith("a ")
    assert begins_with(one, held)
    assert not begins_with(other, held)
    assert (same_text(held, one), same_text(held, other)) == (True, False)


def test_a_text_that_ends_in_one_that_was_cut_is_whole():
    """An outcome quotes a reason that stands shortened: cut in its turn, all of it is kept, on any write."""
    quoted = f"{largest.text('b')[:500]}: {cut(largest.text('a'))}"
    first = Make().execution(outcome=quoted)
    for before in (None, first):
        fits = fitted(first, record_size(first) - 1, before)
        assert fits.texts == (quoted,)
        assert filled(fits.execution, {text_name(quoted): quoted}) == first


def test_the_longest_text_goes_first():
    """A short reason is whole as long as there is a long one to cut."""
    execution = Make().execution(reason="a short reason", outcome=largest.TEXT)
    fits = fitted(execution, record_size(execution) - 1)
    assert fits.execution.reason == "a short reason"
    assert fits.execution.outcome.endswith(f"(shortened: text {text_name(largest.TEXT)})")
    assert fits.texts == (largest.TEXT,)


def test_old_lists_and_intents_leave_the_record_before_it_is_too_large():
    """A record of the last release may hold a hundred servers for each batch of each attempt."""
    waves = [
        largest.wave(number).replace(
            intents=[
                intent for attempt in range(1, 6) for intent in largest.intents(number, attempt, inline=True)
            ],
            approval=None,
            failure=None,
        )
        for number in range(20)
    ]
    execution = largest.execution(waves=tuple(waves), total_waves=20)
    fits = fitted(execution, 100_000)
    assert record_size(fits.execution) <= 100_000
    assert (len(fits.past), len(fits.lists)) == (160, 40)
    assert {intent.attempt for _, intent in fits.past} == {1, 2, 3, 4}
    assert all(not intent.servers and intent.count == 100 for intent in fits.execution.waves[0].intents)


def test_an_intent_that_is_open_never_leaves_the_record():
    """Nobody knows what became of it: it is looked for in the record, and only there."""
    lost = largest.intents(0, 1)[0].replace(refusal=None)
    wave = largest.wave(0).replace(intents=[lost], approval=None, failure=None)
    execution = Make().execution(waves=1).replace(waves=(wave.replace(wave_name="DBWave1"),))
    assert fitted(execution, 0).execution.waves[0].open_intents == (lost,)
