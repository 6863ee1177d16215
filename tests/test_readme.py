"""The README says the truth: what it names exists, with the default it tells, and what exists it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from drs_recovery.cli.app import app
from drs_recovery.plan import Preflight, read_plan
from drs_recovery.plan.models import PlanFile, Wave
from drs_recovery.record.params import RunParams
from drs_recovery.settings import Settings
from launcher.settings import Settings as LauncherSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ROW = re.compile(r"^\| (`[^|]+`) \|([^|]*)\|[^|]+\|$", re.MULTILINE)


def section(title: str) -> str:
    """Return the text under a heading, up to the next one of its level."""
    return re.split(r"^## ", README.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def rows(title: str) -> dict[str, str]:
    """Return the second column of the tables of a section, by the first."""
    return {name.strip("`"): told.strip("` ") for name, told in ROW.findall(section(title))}


def defaults_of(kind: type[Settings | LauncherSettings], prefix: str = "") -> dict[str, str]:
    """Return what the README has to say of each setting's default; none is an empty cell."""
    fields = kind.model_fields.items()
    return {
        f"{prefix}{name.upper()}": "" if field.default is None else str(field.default)
        for name, field in fields
    }


def test_every_setting_is_told_with_its_default() -> None:
    """The tables of the configuration hold all settings, and no other."""
    assert rows("Configuration") == defaults_of(Settings, "RECOVERY_") | defaults_of(LauncherSettings)


def test_no_setting_is_named_that_does_not_exist() -> None:
    """Nor anywhere else in the text."""
    assert set(re.findall(r"\bRECOVERY_[A-Z_]+\b", README)) <= defaults_of(Settings, "RECOVERY_").keys()


def test_every_run_param_is_told_with_its_default() -> None:
    """As the trigger form has them."""
    fields = RunParams.model_fields.items()
    assert rows("Run params") == {name: str(field.default or "") for name, field in fields}


def test_every_plan_key_is_told() -> None:
    """Those of a plan and of its waves; a server selection is told by its wave."""
    waves = {f"waves[].{name}" for name in Wave.model_fields}
    assert rows("A plan").keys() == {*PlanFile.model_fields, *waves} - {"waves"}


def test_every_check_is_told_with_its_default() -> None:
    """What blocks and what warns when a plan does not say."""
    assert rows("Before anything is launched") == Preflight().model_dump()


def test_the_plan_shown_is_a_plan(tmp_path: Path) -> None:
    """People copy it."""
    shown = re.findall(r"```yaml\n(.*?)```", section("A plan"), re.DOTALL)[0]
    file = tmp_path / "web_shop.yaml"
    file.write_text(shown)
    assert read_plan(file).name == "Web shop"


def test_every_command_is_told() -> None:
    """The table of commands holds all of them, and the text names no other."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    told = {name.split()[0] for name in rows("The command line")}
    assert told == commands
    assert set(re.findall(r"python -m drs_recovery ([a-z-]+)", README)) <= commands


def test_every_make_target_is_told() -> None:
    """`make` alone shows the same."""
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name.removeprefix("make ") for name in rows("Make")} == targets
    assert set(re.findall(r"(?:`|^\$ )make ([a-z]+)", README, re.MULTILINE)) <= targets


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_every_link_leads_somewhere(target: str) -> None:
    """Pictures too."""
    assert (ROOT / target).is_file(), target


@pytest.mark.parametrize(
    "path", re.findall(r"^((?:dags|plugins|include|tests)/\S*)", section("Layout"), re.MULTILINE)
)
def test_every_path_of_the_layout_exists(path: str) -> None:
    """A tree that lies is worse than none."""
    assert (ROOT / path.rstrip(",")).exists(), path


@pytest.mark.parametrize("text", re.findall(r"```json\n(.*?)```", README, re.DOTALL))
def test_every_json_shown_is_json(text: str) -> None:
    """Policies are pasted."""
    assert json.loads(text)
