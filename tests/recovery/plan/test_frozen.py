"""A plan's identity, and the text it is frozen as, outlive the release that made them.

``tests/plans/frozen/<release>`` holds plans as the code of that release froze them, and ``identities.json``
the hash of each since 0.2. Neither is ever made again: what fails here would stop executions in flight.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, Field

from drs_recovery import __version__
from drs_recovery.errors import PlanError
from drs_recovery.plan import Plan, read_plan, same_plan
from drs_recovery.plan.frozen import NEWEST_FORMAT, FrozenPlan, frozen_text
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLANS = Path(__file__).parents[2] / "plans"
FROZEN = sorted((PLANS / "frozen").glob("v*/*.json"))
IDENTITIES: dict[str, str] = json.loads((PLANS / "frozen" / "identities.json").read_text())
OF_0_1 = [path for path in FROZEN if path.parent.name == "v0_1"]


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


class PlanOfLater(Plan):
    """A plan as a later release knows it: with one more key, and a default for it."""

    model_config = ConfigDict(title="Plan")
    tier: int = Field(default=3, description="Who goes first.")


@pytest.mark.parametrize("path", FROZEN, ids=name_of)
def test_what_any_release_froze_is_loaded_and_is_the_same_plan(path: Path) -> None:
    """Frozen again by this release, too; a default that changed would show here."""
    plan = Plan.load(path.read_text())
    assert (plan.id, plan.hash) == (path.stem, IDENTITIES[path.stem])
    assert Plan.load(plan.dump()) == plan


def test_there_are_plans_of_each_release() -> None:
    """A folder that moved would make the tests for nothing; each release leaves the same plans there."""
    by_release: dict[str, set[str]] = {path.parent.name: set() for path in FROZEN}
    for path in FROZEN:
        by_release[path.parent.name].add(path.stem)
    major, minor, _ = __version__.split(".")
    assert {"v0_1", f"v{major}_{minor}"} <= by_release.keys()
    assert all(stems == IDENTITIES.keys() for stems in by_release.values())


@pytest.mark.parametrize("path", OF_0_1, ids=name_of)
def test_a_plan_is_known_by_the_hash_that_release_0_1_had_for_it(path: Path) -> None:
    """That was of the whole text; nothing else in it is taken for the same plan."""
    text = path.read_text()
    then = hashlib.sha256(text.encode()).hexdigest()
    assert then in Plan.load(text).hashes
    edited = json.loads(text) | {"owner": "others"}
    assert then not in Plan.load(json.dumps(edited)).hashes


def test_two_texts_of_one_plan_say_the_same(plan_of: Callable[..., Plan]) -> None:
    """Whoever froze them; a text that is no plan is an error, as ever."""
    by_stem: dict[str, list[str]] = {path.stem: [] for path in FROZEN}
    for path in FROZEN:
        by_stem[path.stem].append(path.read_text())
    assert all(same_plan(one, other) for one, *others in by_stem.values() for other in others)
    assert not same_plan(plan_of({"name": "A"}).dump(), plan_of({"name": "B"}).dump())
    with pytest.raises(PlanError):
        same_plan("{}", plan_of({"name": "A"}).dump())


def test_a_key_with_a_default_changes_no_identity(plan_of: Callable[..., Plan]) -> None:
    """Else each plan would be another after each upgrade: no file was touched."""
    plan = plan_of({"name": "A"}, rto="1h")
    content = plan.content()
    later = PlanOfLater.model_validate(content)
    assert "tier" in later.dump()
    assert (later.hash, later.hashes) == (plan.hash, plan.hashes)
    message = PlanOfLater.model_validate(content | {"tier": 1})
    assert message.hashes.isdisjoint(plan.hashes)


def mappings(content: object) -> Iterator[dict[str, Any]]:
    """Yield each mapping of a plan's content whose keys are the product's: tags are people's own."""
    if isinstance(content, list):
        for one in content:
            yield from mappings(one)
    if isinstance(content, dict):
        yield content
        for key, value in content.items():
            if key != "tags":
                yield from mappings(value)


def format_of(said: dict[str, Any]) -> int:
    return FrozenPlan.model_validate_json(frozen_text(said, said)).format


@pytest.mark.parametrize("path", FROZEN, ids=name_of)
def test_a_plan_that_says_what_earlier_releases_know_is_frozen_for_them(path: Path) -> None:
    """Whatever keys there are by now, at their defaults; else no upgrade could be taken back."""
    assert FrozenPlan.model_validate_json(Plan.load(path.read_text()).dump()).format == 1


@settings(max_examples=examples(60), deadline=None)
@given(path=st.sampled_from(FROZEN), key=st.text(min_size=1), data=st.data())
def test_a_key_that_format_1_does_not_know_makes_format_2_wherever_it_is_said(
    path: Path, key: str, data: st.DataObject
) -> None:
    """0.2 would leave it out and go on; it is to refuse. Tags may be called as anybody likes."""
    said = Plan.load(path.read_text()).model_dump(mode="json", exclude_defaults=True)
    where = data.draw(st.sampled_from(list(mappings(said))))
    for tags in (one["tags"] for one in mappings(said) if "tags" in one):
        tags[key] = {key: key}
    assert format_of(said) == 1
    where[f"{key} of later"] = 1
    assert format_of(said) == NEWEST_FORMAT


def test_a_new_key_at_its_default_keeps_the_format(plan_of: Callable[..., Plan]) -> None:
    """It is written out, and says nothing; one that says something is not to be overlooked."""
    content = plan_of({"name": "A"}).content()
    by_tier = {tier: PlanOfLater.model_validate(content | {"tier": tier}).dump() for tier in (3, 1)}
    assert '"tier":3' in by_tier[3]
    assert by_tier[3].startswith('{"format":1,')
    assert by_tier[1].startswith(f'{{"format":{NEWEST_FORMAT},')


def test_what_a_later_release_froze_is_run_by_this_one(plan_of: Callable[..., Plan]) -> None:
    """An upgrade taken back: keys of any depth that this release does not know are left out."""
    plan = plan_of({"name": "A", "servers": {"tags": {"Tier": "db"}}}, preflight={"lag": "block"})
    text = json.loads(plan.dump())
    text |= {"release": "9.0.0", "tier": 3}
    for part in (text["preflight"], text["waves"][0], text["waves"][0]["servers"]):
        part["surprise"] = {"nested": [1]}
    assert Plan.load(json.dumps(text)) == plan
    assert same_plan(json.dumps(text), plan.dump())


def test_a_newer_format_is_refused_with_what_to_do(plan_of: Callable[..., Plan]) -> None:
    """Its release says so: what it added must not be overlooked."""
    text = json.loads(plan_of({"name": "A"}).dump()) | {"format": NEWEST_FORMAT + 1, "release": "9.0.0"}
    with pytest.raises(PlanError) as refused:
        Plan.load(json.dumps(text))
    assert str(refused.value) == (
        f"this plan was frozen in format {NEWEST_FORMAT + 1}, by release 9.0.0; this is release "
        f"{__version__}, which reads formats up to {NEWEST_FORMAT} and would leave out what it does not "
        "know. Let release 9.0.0 or a newer one run until the execution has ended"
    )


@pytest.mark.parametrize("number", ["one", -1, 1.5, None], ids=repr)
def test_a_format_that_is_no_number_is_no_frozen_plan(plan_of: Callable[..., Plan], number: Any) -> None:
    """Nobody guesses what it was to be."""
    text = json.loads(plan_of({"name": "A"}).dump()) | {"format": number}
    with pytest.raises(PlanError, match="the dumped plan: format: "):
        Plan.load(json.dumps(text))


def test_the_format_comes_first_and_is_no_key_of_a_file(plan_of: Callable[..., Plan], folder: Path) -> None:
    """People see at once how to read it; a plan file stays as strict as it was."""
    head = f'{{"format":1,"release":"{__version__}",'
    assert plan_of({"name": "A"}).dump().startswith(head)
    file = folder / "good.yaml"
    file.write_text(f"format: 1\n{file.read_text()}")
    with pytest.raises(PlanError, match="1:1: unknown key 'format'"):
        read_plan(file)
