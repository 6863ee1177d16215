"""The pages tell the truth: what they name exists, with the default they give, and what exists they name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from pydantic.alias_generators import to_camel

from drs_recovery import __version__, settings_table
from drs_recovery.cli.app import app
from drs_recovery.plan import Preflight, read_plan
from drs_recovery.plan.models import PlanFile
from drs_recovery.plan.wave import Wave
from drs_recovery.record.enums import EventType, Writer
from drs_recovery.record.models import Execution, WaveRecord
from drs_recovery.record.params import RunParams
from drs_recovery.record.parts import Cleanup
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.record.server_settings import PutBack, ServerSettings, SettingChange
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.settings import Settings
from launcher.settings import Settings as LauncherSettings
from tests.benchmarks.run import BENCHMARKS

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
}
README = PAGES["README.md"]
ROW = re.compile(r"^\| (`[^|]+`) \|([^|]*)\|[^|]+\|$", re.MULTILINE)
MOST_BYTES = 8_000
"""Of the README: it is a door, and what is behind it has pages of its own."""


def page(name: str) -> str:
    """Return a page of docs/ by its name."""
    return PAGES[f"docs/{name}.md"]


def section(text: str, title: str) -> str:
    """Return the text under a heading, up to the next one of its level."""
    return re.split(r"^## ", text.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def rows(text: str) -> dict[str, str]:
    """Return the second column of the tables of a text, by the first."""
    return {name.strip("`"): second.strip("` ") for name, second in ROW.findall(text)}


def cited(pattern: str) -> list[object]:
    """Return what any page names in the form of a pattern, as params: the page and what it names."""
    found = {
        (name, match) for name, text in PAGES.items() for match in re.findall(pattern, text, re.MULTILINE)
    }
    return [pytest.param(name, match, id=f"{name}: {match}") for name, match in sorted(found)]


def defaults_of(kind: type[Settings | LauncherSettings], prefix: str = "") -> dict[str, str]:
    """Return what a page has to give as each setting's default; none is an empty cell."""
    fields = kind.model_fields.items()
    return {
        f"{prefix}{name.upper()}": "" if field.default is None else str(field.default)
        for name, field in fields
    }


def test_the_readme_is_a_door() -> None:
    """Short, and it leads to every page."""
    assert len(README.encode()) <= MOST_BYTES
    linked = set(re.findall(r"\]\(([^)#]+\.md)", README))
    top = {name for name in PAGES if name.count("/") <= 1} - {"README.md"}
    assert top <= linked


def test_every_setting_is_there_with_its_default() -> None:
    """The tables of the configuration hold all settings, and no other."""
    assert rows(page("configuration")) == defaults_of(Settings, "RECOVERY_") | defaults_of(LauncherSettings)


def test_the_table_of_settings_is_written_from_them() -> None:
    """``PYTHONPATH=include python -m drs_recovery.settings_table docs/configuration.md`` writes it."""
    assert settings_table.written(page("configuration")) == page("configuration")


def test_no_setting_is_named_that_does_not_exist() -> None:
    """Nor on any other page."""
    named = {name for text in PAGES.values() for name in re.findall(r"\bRECOVERY_[A-Z_]+\b", text)}
    assert named <= defaults_of(Settings, "RECOVERY_").keys()


def test_every_run_param_is_there_with_its_default() -> None:
    """As the trigger form has them."""
    fields = RunParams.model_fields.items()
    assert rows(section(page("operating"), "Run params")) == {
        name: str(field.default or "") for name, field in fields
    }


def test_every_plan_key_is_there() -> None:
    """Those of a plan and of its waves; a server selection is explained by its wave."""
    waves = {f"waves[].{name}" for name in Wave.model_fields}
    assert rows(section(page("plans"), "A plan file")).keys() == {*PlanFile.model_fields, *waves} - {"waves"}


def test_every_check_is_there_with_its_default() -> None:
    """What blocks and what warns when a plan does not say."""
    assert rows(section(page("plans"), "Before anything is launched")) == Preflight().model_dump()


@pytest.mark.parametrize("name", ["README.md", "docs/plans.md"])
def test_the_plan_shown_is_a_plan(name: str, tmp_path: Path) -> None:
    """People copy it."""
    shown = re.findall(r"```yaml\n(.*?)```", PAGES[name], re.DOTALL)[0]
    file = tmp_path / "web_shop.yaml"
    file.write_text(shown)
    assert read_plan(file).name == "Web shop"


def test_every_command_is_there() -> None:
    """The table of commands holds all of them, and no page names another."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    table = {name.split()[0] for name in rows(section(page("operating"), "The command line"))}
    assert table == commands
    named = {name for text in PAGES.values() for name in re.findall(r"`recovery ([a-z-]+)", text)}
    assert named <= commands


def test_every_make_target_is_there() -> None:
    """`make` alone shows the same."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name.removeprefix("make ") for name in rows(section(page("development"), "Make"))} == targets
    named = {
        name
        for text in PAGES.values()
        for name in re.findall(r"(?:`|^\$ )make ([a-z-]+)", text, re.MULTILINE)
    }
    assert named <= targets


def test_every_benchmark_is_there() -> None:
    """In the order in which they run."""
    named = re.findall(r"^\| `([a-z]+)` \|", section(page("development"), "Measuring"), re.MULTILINE)
    assert named == list(BENCHMARKS)


def test_every_attribute_of_a_record_is_there() -> None:
    """What others read is an interface: the execution, its waves, servers and tasks, and its clean-up."""
    models = (Execution, WaveRecord, ServerRecord, TaskRecord, Cleanup)
    models += (ServerSettings, SettingChange, PutBack)
    attributes = {
        field.alias or to_camel(name) for model in models for name, field in model.model_fields.items()
    }
    assert attributes <= set(re.findall(r"`([a-zA-Z]+)`", page("record")))


def test_every_event_is_there() -> None:
    """And no other."""
    table = section(page("record"), "Events")
    assert set(re.findall(r"`([A-Z_]+)`", table)) == {str(one) for one in EventType}


def test_every_writer_is_there() -> None:
    """With what it may write."""
    assert set(re.findall(r"^\| `(\w+)` \|", section(page("record"), "Who writes what"), re.MULTILINE)) == {
        str(writer) for writer in Writer
    }


@pytest.mark.parametrize(("name", "target"), cited(r"\]\((?!http)([^)]+)\)"))
def test_every_link_leads_somewhere(name: str, target: str) -> None:
    """To a file beside the page, or to a heading of it."""
    file, _, heading = target.partition("#")
    there = (ROOT / name).parent / file if file else ROOT / name
    assert there.is_file()
    headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE) if heading else []
    assert not heading or heading in {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in headings
    }


@pytest.mark.parametrize(("name", "path"), cited(r"`((?:include|tests|dags|docs)/[\w/.]+)`"))
def test_every_file_that_is_named_exists(name: str, path: str) -> None:
    """Where a rule lives, and what proves it."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("name", "test"), cited(r"`(tests/[\w/.]+::\w+)`"))
def test_every_proof_exists(name: str, test: str) -> None:
    """A proof that is gone proves nothing."""
    path, _, function = test.partition("::")
    assert re.search(rf"^ *(async )?def {function}\(", (ROOT / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "module"), cited(r"`((?:dag|tasks|engine|plan|record|store|cli|aws|text)/[\w/]+\.py)`")
)
def test_every_module_to_read_exists(name: str, module: str) -> None:
    """In the words of the architecture: by its path in the package."""
    assert (ROOT / "include" / "drs_recovery" / module).is_file()


@pytest.mark.parametrize(
    "path",
    re.findall(
        r"^((?:dags|plugins|include|tests)/\S*)", section(page("development"), "Layout"), re.MULTILINE
    ),
)
def test_every_path_of_the_layout_exists(path: str) -> None:
    """A tree that lies is worse than none."""
    assert (ROOT / path.rstrip(",")).exists()


def test_every_json_shown_is_json() -> None:
    """It is pasted."""
    shown = [one for text in PAGES.values() for one in re.findall(r"```json\n((?:.*\n)*?)```", text)]
    assert all(json.loads(one) for one in shown)


def test_the_changelog_has_this_release() -> None:
    """The version of the project is the newest one it tells of."""
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    newest = re.search(r"^## (\d\S+)", PAGES["CHANGELOG.md"], re.MULTILINE)
    assert version
    assert newest
    assert version[1] == newest[1] == __version__
