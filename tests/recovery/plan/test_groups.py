"""Protection groups: what a plan that uses them is, and what is wrong with one, or with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_recovery.errors import PlanError
from drs_recovery.plan import AnyOf, Group, Plan, ServerTags, group_ids, read_group, read_groups, read_plan
from drs_recovery.plan.groups import GroupFile
from drs_recovery.plan.schema import group_schema
from tests.budgets import examples

if TYPE_CHECKING:
    from pathlib import Path

PLAN = {"name": "P", "description": "A plan.", "owner": "team", "region": "eu-west-1"}
GROUP = {"name": "G", "description": "A group.", "owner": "team", "region": "eu-west-1"}
IDS = tuple(f"s-{number:017d}" for number in range(6))


def write(folder: Path, name: str, content: dict[str, Any]) -> Path:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


def group(folder: Path, stem: str, servers: Any, **keys: Any) -> None:
    write(folder, f"groups/{stem}", GROUP | {"servers": servers} | keys)


def plan_of(folder: Path, *waves: dict[str, Any]) -> Plan:
    named = [{"name": f"W{number}", **wave} for number, wave in enumerate(waves)]
    return read_plan(write(folder, "plans/p", PLAN | {"waves": named}))


tags = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), min_size=1)
place = st.fixed_dictionaries(
    {"region": st.sampled_from(["eu-west-1", "eu-central-1"])},
    optional={"aws_conn_id": st.sampled_from(["aws_default", "aws_dr"])},
)


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(servers=st.lists(st.just([]) | tags, min_size=1, max_size=3), at=place, own=st.booleans())
def test_a_plan_with_groups_is_the_same_as_one_with_the_servers_written_out(
    tmp_path: Path, servers: list[Any], at: dict[str, str], own: bool
) -> None:
    """In every respect: plan, hash, and the text that is frozen; what the wave says itself goes before."""
    chosen = [{"tags": one} if one else [IDS[number]] for number, one in enumerate(servers)]
    for number, one in enumerate(chosen):
        group(tmp_path, f"g{number}", one, **at)
    said = {"region": "us-west-2"} if own else {}
    used = plan_of(tmp_path, {"servers": {"groups": [f"g{number}" for number in range(len(chosen))]}, **said})
    listed = [one for part in chosen if isinstance(part, list) for one in part]
    parts: list[Any] = [*([listed] if listed else [])]
    parts += [part for n, part in enumerate(chosen) if isinstance(part, dict) and part not in chosen[:n]]
    written = {"servers": parts[0] if len(parts) == 1 else {"any_of": parts}, **at, **said}
    plan = plan_of(tmp_path, written)
    assert (used.hash, used.targets) == (plan.hash, plan.targets)
    assert [wave.servers for wave in used.waves] == [wave.servers for wave in plan.waves]
    assert Plan.load(used.dump()).hash == used.hash
    assert "groups" not in used.dump()
    assert used.dump().startswith(plan.dump()[: len('{"format":1')])


def test_an_edited_group_changes_each_plan_that_uses_it(tmp_path: Path) -> None:
    """And no other: the identity is that of what is resolved."""
    group(tmp_path, "g", [IDS[0]])
    before = plan_of(tmp_path, {"servers": {"group": "g"}})
    other = plan_of(tmp_path, {"servers": [IDS[0]]})
    assert before == other
    group(tmp_path, "g", [IDS[1]], name="Another name", description="And other words.")
    assert plan_of(tmp_path, {"servers": {"group": "g"}}).hash != before.hash
    assert plan_of(tmp_path, {"servers": [IDS[0]]}) == other
    group(tmp_path, "g", [IDS[0]], name="Another name", description="And other words.")
    assert plan_of(tmp_path, {"servers": {"group": "g"}}) == before


def test_a_group_s_place_is_its_wave_s_unless_the_wave_says_another(tmp_path: Path) -> None:
    """Key by key; a group that names no connection means the one that plans without one mean."""
    group(tmp_path, "g", [IDS[0]], region="eu-central-1")
    waves = plan_of(tmp_path, {"servers": {"group": "g"}, "aws_conn_id": "aws_web"}).targets
    assert list(waves) == [("aws_web", "eu-central-1")]


def test_groups_that_do_not_agree_share_a_wave_that_says_it_itself(tmp_path: Path) -> None:
    """Else nobody would know where it is recovered to."""
    group(tmp_path, "a", [IDS[0]], region="eu-central-1")
    group(tmp_path, "b", [IDS[1]])
    wave = {"servers": {"groups": ["a", "b"]}}
    with pytest.raises(PlanError, match="have one region, unless the wave says it; 'a': eu-central-1, 'b'"):
        plan_of(tmp_path, wave)
    assert plan_of(tmp_path, wave | {"region": "us-west-2"}).target(0).region == "us-west-2"


def test_what_several_groups_have_is_launched_once(tmp_path: Path) -> None:
    """Lists become one list; selections by tags stay beside it."""
    group(tmp_path, "a", [IDS[0]])
    group(tmp_path, "b", {"tags": {"Tier": "db"}})
    group(tmp_path, "c", [IDS[1]])
    (wave,) = plan_of(tmp_path, {"servers": {"groups": ["a", "b", "c"]}}).waves
    assert wave.servers == AnyOf(any_of=(IDS[:2], ServerTags(tags={"Tier": "db"})))


def test_a_broken_group_is_a_problem_of_the_plans_that_use_it_and_of_no_other(tmp_path: Path) -> None:
    """With the place in the group's own file."""
    group(tmp_path, "g", [IDS[0]], region="eu-west")
    with pytest.raises(PlanError) as refused:
        plan_of(tmp_path, {"servers": {"group": "g"}})
    in_plan, in_group = refused.value.problems
    assert in_plan.endswith("the group 'g' cannot be used: its file has problems")
    assert in_group.startswith(f"{tmp_path}/groups/g.yaml:")
    assert in_group.endswith("region: 'eu-west' is no AWS Region, such as eu-west-1")
    assert isinstance(plan_of(tmp_path, {"servers": [IDS[0]]}), Plan)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "g.yaml:1:1: the file is empty; a group is a mapping of keys to values"),
        ("- a", "g.yaml:1:1: a list where a group, a mapping of keys to values, is due"),
        ("servers: {group: x}", "unknown key 'group'; allowed here: tags"),
        (f"servers: [{IDS[0]}, {IDS[0]}]", "1:32: the source server 's-00000000000000000' is listed twice"),
        ("servers: [s-1]", "servers: 's-1' is no source server id"),
        ("waves: []", "unknown key 'waves'; allowed here: name, description, owner, region, aws_conn_id"),
        ("x: " + "[" * 300, "nested deeper than 20 levels"),
        ("name: " + "g" * 300_000, "the file is too large; at most 256 KiB are allowed"),
    ],
    ids=["empty", "list", "group of a group", "twice", "id", "wave", "deep", "large"],
)
def test_every_problem_of_a_group_has_its_place(tmp_path: Path, text: str, message: str) -> None:
    """Of a group that nobody uses, too."""
    about = "\n".join(f"{key}: {value}" for key, value in GROUP.items()) + "\n"
    whole = (
        text
        if not text or text == "- a"
        else f"{text}\n" + about.replace("name: G\n", "" if text.startswith("name") else "name: G\n")
    )
    path = tmp_path / "g.yaml"
    path.write_text(whole)
    with pytest.raises(PlanError) as refused:
        read_group(path)
    assert any(message in problem for problem in refused.value.problems), refused.value.problems


def test_two_files_of_one_id_are_no_group(tmp_path: Path) -> None:
    """Nobody knows which is meant."""
    group(tmp_path, "g", [IDS[0]])
    (tmp_path / "groups" / "g.yml").write_text((tmp_path / "groups" / "g.yaml").read_text())
    found = read_groups(tmp_path / "groups")["g"]
    assert isinstance(found, PlanError)
    assert "g.yml, beside it, would be the same group; rename or remove one of the two" in str(found)


def test_where_there_is_no_folder_there_are_no_groups(tmp_path: Path) -> None:
    """And a plan that names one is told so."""
    assert read_groups(tmp_path / "groups") == {}
    with pytest.raises(PlanError, match=r"no group 'g' is in .*/groups; there is none"):
        plan_of(tmp_path, {"servers": {"group": "g"}})


@pytest.mark.parametrize(
    ("waves", "ids"),
    [
        ("[{servers: {group: a}}, {servers: {groups: [b, c, 1]}}, {servers: [s-1]}, x]", {"a", "b", "c"}),
        (r'[{"s\x65rvers": {"gro\x75p": a}}]', {"a"}),
        ("[{optional: {group: a}}]", set()),
        ("[{servers: {group: [a]}}]", {"a"}),
        ("[", set()),
        ("group", set()),
    ],
)
def test_the_groups_of_a_text_are_known_without_reading_them(waves: str, ids: set[str]) -> None:
    """Also of one that is no plan for another reason: its problems change with its groups."""
    assert group_ids(f"waves: {waves}".encode()) == ids


def test_a_group_is_what_its_file_says(tmp_path: Path) -> None:
    """With the stem of the file as its id; each key is one that its schema explains."""
    group(tmp_path, "g", {"tags": {"Tier": "db"}})
    found = read_groups(tmp_path / "groups")["g"]
    assert isinstance(found, Group)
    assert (found.id, found.target) == ("g", ("aws_default", "eu-west-1"))
    schema = group_schema()["properties"]
    assert schema.keys() == GroupFile.model_fields.keys()
    assert all(key["description"] for key in schema.values())


def test_a_group_says_how_its_servers_are_launched_and_its_wave_goes_over_it_key_by_key(
    tmp_path: Path,
) -> None:
    """In drills too; what is said of single servers is said of them still."""
    server = {IDS[0]: {"private_ip": "10.0.0.5"}}
    launch = {"instance_type": "m5.large", "subnet": "subnet-1", "servers": server}
    group(tmp_path, "g", [IDS[0]], launch=launch, launch_in_drills={"subnet": "subnet-2"})
    own = {"instance_type": "t3.small"}
    plan = plan_of(tmp_path, {"servers": {"group": "g"}, "launch": own})
    written = [IDS[0]], launch | own, {"subnet": "subnet-2"}
    keys = dict(zip(("servers", "launch", "launch_in_drills"), written, strict=True))
    assert plan.hash == plan_of(tmp_path, keys).hash
    group(tmp_path, "g", [IDS[0]], launch={"instance_type": "m5.large", "right_sizing": "BASIC"})
    with pytest.raises(PlanError, match="launch: with right_sizing BASIC DRS overwrites instance_type"):
        read_group(tmp_path / "groups/g.yaml")
