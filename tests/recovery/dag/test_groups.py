"""A DAG depends on the groups that its plan uses, and on no other: what becomes of them in snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.dag.files.division import division_of
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.shards import shard_of_plan
from drs_recovery.dag.files.snapshot import take_snapshot
from drs_recovery.dag.loader import load_dags
from tests.recovery.dag.dag_files import PLAN, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG

LOADER = (ROOT / "dags" / "recovery_plans.py").read_text()
GROUP = "name: G\ndescription: A group.\nowner: team\nregion: eu-west-1\nservers: [{}]\n"
FIRST, SECOND = "s-000000000000db001", "s-000000000000db002"
USES = PLAN.replace("[s-000000000000db001]", "{{group: {}}}")
BROKEN = GROUP.format(FIRST).replace("eu-west-1", "eu-west")


class Folder:
    """A folder of DAGs of which snapshots are taken one after the other."""

    def __init__(self, home: Path) -> None:
        self.dags, self.versions, self.now = home / "dags", home / "versions", home / "none"
        for name in ("plans", "groups"):
            (self.dags / name).mkdir(parents=True)
        self.write(**{"recovery_plans.py": LOADER})

    def write(self, **files: str | None) -> None:
        """Write files, by their paths; None removes one."""
        for name, text in files.items():
            path = self.dags / name
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)

    def take(self, **files: str | None) -> dict[str, str]:
        """Take the next snapshot; return which DAG files are built from something else than before."""
        self.write(**files)
        before = self.now if self.now.is_dir() else None
        self.now = self.versions / take_snapshot(read_folder(self.dags), self.versions, before)
        now, then = division_of(self.now), division_of(before)
        return {name: digest for name, digest in now.items() if then.get(name) != digest}

    @property
    def loaded(self) -> dict[str, DAG]:
        """The DAGs of the newest snapshot."""
        return load_dags(self.now / "plans")

    def servers(self, plan: str) -> Any:
        """Return the servers of the wave of a plan, as its tasks have them."""
        return self.loaded[plan].get_task("open_execution").plan.waves[0].servers


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A plan that uses a group, one that uses another, and one that uses none."""
    one = Folder(tmp_path)
    plans = {"plans/a.yaml": USES.format("g"), "plans/b.yaml": USES.format("h"), "plans/c.yaml": PLAN}
    one.take(**plans, **{f"groups/{name}.yaml": GROUP.format(FIRST) for name in "gh"})
    return one


def test_an_edited_group_makes_new_dags_of_the_plans_that_use_it_alone(folder: Folder) -> None:
    """Airflow reads their DAG file again, and no other."""
    assert folder.servers("a") == (FIRST,)
    changed = folder.take(**{"groups/g.yaml": GROUP.format(SECOND)})
    assert list(changed) == [shard_of_plan("a").file]
    assert [folder.servers(plan) for plan in "abc"] == [(SECOND,), (FIRST,), (FIRST,)]
    assert list(folder.take(**{"groups/unused.yaml": GROUP.format(SECOND)})) == []


@pytest.mark.parametrize("broken", [BROKEN, None], ids=["broken", "gone"])
def test_where_a_group_breaks_the_last_good_version_stands_in(folder: Folder, broken: str | None) -> None:
    """As it was resolved then; the page shows the place in the group's file. No other plan is touched."""
    changed = folder.take(**{"groups/g.yaml": broken})
    assert list(changed) == [shard_of_plan("a").file]
    dag = folder.loaded["a"]
    assert "outdated" in dag.tags
    assert folder.servers("a") == (FIRST,)
    shown = "groups/g.yaml:4:9: region" if broken else "plans/a.yaml:8:22: no group 'g' is in groups"
    assert shown in str(dag.doc_md)
    assert not {"outdated", "invalid"} & {tag for plan in "bc" for tag in folder.loaded[plan].tags}
    since = str(dag.doc_md).partition("cannot be read since ")[2][:23]
    folder.take(**{"plans/c.yaml": PLAN.replace("A plan", "Another")})
    assert since in str(folder.loaded["a"].doc_md)
    folder.take(**{"groups/g.yaml": GROUP.format(SECOND)})
    assert (folder.servers("a"), "outdated" in folder.loaded["a"].tags) == ((SECOND,), False)


def test_a_plan_whose_group_never_was_good_is_invalid(folder: Folder) -> None:
    """With the problems of both files."""
    folder.take(**{"plans/d.yaml": USES.format("bad"), "groups/bad.yaml": BROKEN})
    dag = folder.loaded["d"]
    assert "invalid" in dag.tags
    assert (
        "plans/d.yaml:8:22: the group 'bad' cannot be used: its file has problems\ngroups/bad.yaml:4:9:"
        in (str(dag.doc_md))
    )


def test_a_group_that_is_a_link_out_of_the_folder_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    """Authors of groups are led by the rules of authors of plans."""
    (tmp_path / "secret.yaml").write_text(GROUP.format(SECOND))
    folder.write(**{"groups/g.yaml": None})
    (folder.dags / "groups" / "g.yaml").symlink_to(tmp_path / "secret.yaml")
    folder.take()
    assert folder.servers("a") == (FIRST,)
    assert "outdated" in folder.loaded["a"].tags
