"""Who passes a gate (invariant 18), by the pure rules, and the approvals on record that these count."""

from __future__ import annotations

import pytest

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.approvals import GateRules, lacking
from drs_recovery.record.attempts import with_attempt
from drs_recovery.record.enums import Decision, WaveStatus
from drs_recovery.store.approvals import approval_item, put_approval, read_approvals
from drs_recovery.store.programs import approve
from drs_recovery.store.queries import read_execution

TWO = GateRules(approvers=("alice", "bob"), needed=2)
ALONE = TWO._replace(break_glass=("dr-lead",))
NOT_ALICE = TWO._replace(excluded="alice")


@pytest.mark.parametrize(
    ("rules", "by", "fields", "refusal"),
    [
        (TWO, "alice", {}, None),
        (TWO, "eve", {}, "'eve' is none of the plan's approvers, alice, bob"),
        (GateRules(needed=2), "eve", {}, None),
        (NOT_ALICE, "alice", {}, "alice asked for this run, and may not approve it"),
        (NOT_ALICE, "bob", {"name": "alice"}, "bob asked for this run, and may not approve it"),
        (NOT_ALICE, "bob", {}, None),
        (ALONE, "dr-lead", {"reason": "everybody sleeps"}, None),
        (ALONE, "dr-lead", {}, "dr-lead passes this gate alone, and needs a reason for it"),
        (ALONE._replace(excluded="dr-lead"), "dr-lead", {"reason": "alone at night"}, None),
    ],
)
def test_an_approval_counts_or_the_person_reads_why_not(make, rules, by, fields, refusal):
    """Airflow names who asked for the run; of an answer it tells id and name, and both are looked at."""
    assert rules.refusal(make.approval(by=by, **fields), []) == refusal


def test_the_same_person_counts_once(make):
    """Said so; what a crash made the gate record a second time is the same approval."""
    first = make.approval(by="alice")
    assert TWO.refusal(first, [first]) is None
    again = TWO.refusal(make.approval(by="alice"), [first])
    assert again == "alice has approved already, and counts once; 1 more must approve"
    assert TWO.missing([first, make.approval(by="alice")]) == 1
    assert TWO.missing([first, make.approval(by="bob")]) == 0


@pytest.mark.parametrize(
    ("rules", "last", "earlier", "lacks"),
    [
        (TWO, {"by": "bob"}, [{"by": "alice"}], None),
        (TWO, {"by": "bob"}, [], "2 different people must approve, and on record is only bob"),
        (TWO, {"by": "bob"}, [{"by": "bob"}], "on record is only bob"),
        (TWO, {"by": "bob"}, [{"by": "eve"}], "on record is only bob"),
        (TWO, {"by": "bob"}, [{"by": "alice", "attempt": 2}], "on record is only bob"),
        (TWO, {"by": "bob"}, [{"by": "alice", "decision": Decision.REJECTED}], "on record is only bob"),
        (TWO, {"by": "eve"}, [{"by": "alice"}], "'eve' is none of the plan's approvers"),
        (NOT_ALICE, {"by": "bob"}, [{"by": "alice"}], "on record is only bob"),
        (ALONE, {"by": "dr-lead", "break_glass": True}, [], None),
        (ALONE, {"by": "dr-lead"}, [], "dr-lead passes this gate alone, and needs a reason"),
        (ALONE, {"by": "eve", "break_glass": True}, [], "'eve' is none of the plan's approvers"),
        (TWO, {"by": "dr-lead", "break_glass": True}, [], "'dr-lead' is none of the plan's approvers"),
        (GateRules(needed=2), {"by": "bob"}, [{"by": "zoe"}], None),
    ],
)
def test_a_start_counts_different_people_who_may(make, rules, last, earlier, lacks):
    """Of this attempt; or one who may break the glass, said so on record. Whatever Airflow's tasks show."""
    wave = make.execution().wave(1).replace(status=WaveStatus.PAUSED, approval=make.approval(**last))
    found = lacking(rules, wave, [make.approval(**one) for one in earlier])
    assert found is None if lacks is None else lacks in (found or "")


def waiting(world):
    world.frozen().completed(0).store.run(approve.pause(world.id, 1, needed=3))
    return world


def test_the_record_counts_who_approved(world):
    """An item of each person; the same again is written once, and another's goes beside it."""
    waiting(world)
    alice, bob = world.make.approval(by="alice", reason="go"), world.make.approval(by="b\u00f6b #2")
    for answer in (alice, alice, bob):
        wave = world.store.run(approve.count_approval(world.id, 1, answer)).wave(1)
    assert (wave.approvals_needed, wave.approvals_given, wave.approval) == (3, 2, None)
    given = world.store.run(read_approvals(world.id, 1, 1))
    assert [(one.by, one.reason, one.wave_number) for one in given] == [
        ("alice", "go", 1),
        ("b\u00f6b #2", None, 1),
    ]
    assert world.store.run(read_approvals(world.id)) == given
    assert world.store.run(read_approvals(world.id, 1, 2)) == []


def test_an_approval_under_another_s_key_counts_for_nobody(world):
    """Nobody makes one approval two by copying its item."""
    waiting(world)
    world.store.run(put_approval(world.id, 1, world.make.approval(by="alice")))
    (given,) = world.store.run(read_approvals(world.id, 1, 1))
    copied = given.to_item() | {"executionId": world.id}
    world.put(copied | {"item": approval_item(given.replace(by="bob"))})
    trouble = []
    assert world.store.run(read_approvals(world.id, 1, 1, passed_over=trouble.append)) == [given]
    assert "holds another approval: by 'alice'" in trouble[0]


def test_a_gate_that_is_passed_counts_no_more(world):
    """A late approval of another person changes nothing."""
    waiting(world).store.run(approve.approve(world.id, 1, world.make.approval(by="alice")))
    before = world.items()
    with pytest.raises(TransitionRefused, match="comes second and changes nothing"):
        world.store.run(approve.count_approval(world.id, 1, world.make.approval(by="bob")))
    assert world.items() == before


def test_what_was_given_to_a_gate_that_was_skipped_counts_for_no_later_attempt(world):
    """Its wave never ran; when it comes again its gate asks everybody again."""
    waiting(world).store.run(approve.count_approval(world.id, 1, world.make.approval()))
    execution = world.store.run(read_execution(world.id))
    skipped = execution.wave(1).replace(status=WaveStatus.SKIPPED)
    failed = execution.wave(0).replace(status=WaveStatus.FAILED)
    before = execution.replace(waves=(failed, skipped, *execution.waves[2:]))
    wave = with_attempt(before, 0, 1, (), world.make.time()).wave(1)
    assert (wave.attempt, wave.approvals_given, wave.status) == (2, None, WaveStatus.PENDING)
