"""Files of settings, and the one that everything is run with."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import airflow
import pytest
import yaml
from airflow.jobs import scheduler_job_runner
from airflow.providers.celery.get_provider_info import get_provider_info

from launcher.environment import AIRFLOW_SETTINGS, CELERY_SETTINGS
from launcher.errors import SettingRefused
from launcher.settings_file import read_settings_file

if TYPE_CHECKING:
    from types import ModuleType

OPTION = re.compile(r"AIRFLOW__(?P<section>[A-Z_]+?)__(?P<option>[A-Z_]+)")
CONNECTION = re.compile(r"AIRFLOW_CONN_[A-Z_]+")
UNDOCUMENTED = {"num_stuck_in_queued_retries": scheduler_job_runner}
"""Options that Airflow reads and does not document, and where it reads them."""

FILES = pytest.mark.parametrize("file", [AIRFLOW_SETTINGS, CELERY_SETTINGS], ids=lambda file: file.name)


def known_options() -> dict[str, set[str]]:
    """Return the options of each section that this Airflow, and its provider of Celery, document."""
    file = Path(airflow.__file__).parent / "config_templates" / "config.yml"
    documented = yaml.safe_load(file.read_text()) | get_provider_info()["config"]
    return {section: set(content["options"]) for section, content in documented.items()}


@FILES
def test_every_setting_is_one_that_this_airflow_knows(file: Path) -> None:
    """Airflow passes over what it does not know, without a word."""
    known = known_options()
    for name in read_settings_file(file):
        if CONNECTION.fullmatch(name):
            continue
        option = OPTION.fullmatch(name)
        assert option, name
        if option["option"].lower() not in UNDOCUMENTED:
            assert option["option"].lower() in known[option["section"].lower()], name


@pytest.mark.parametrize(("option", "reader"), UNDOCUMENTED.items(), ids=list(UNDOCUMENTED))
def test_what_airflow_does_not_document_it_still_reads(option: str, reader: ModuleType) -> None:
    """By that very name."""
    assert f'key="{option}"' in inspect.getsource(reader)


@FILES
def test_every_setting_has_a_reason_above_it(file: Path) -> None:
    """A comment, of which settings that belong together may share one."""
    lines = file.read_text().splitlines()
    for above, line in pairwise(lines):
        if line and not line.startswith("#"):
            assert above, f"{line} stands without a reason"


def test_comments_and_empty_lines_are_passed_over_and_values_are_kept_as_they_are(tmp_path: Path) -> None:
    """Nothing is trimmed, and only the first = divides."""
    file = tmp_path / "settings"
    file.write_text('# why\n\nA=1\nB=[{"c": "d=e"}] \n')
    assert read_settings_file(file) == {"A": "1", "B": '[{"c": "d=e"}] '}


@pytest.mark.parametrize(
    "line",
    ["A", "=1", " A=1", 'A="1"', "A='1'", "A=$HOME", "A=1 # why"],
    ids=["no value", "no name", "space", "quotes", "single quotes", "variable", "comment"],
)
def test_what_compose_reads_differently_is_refused_with_its_place(tmp_path: Path, line: str) -> None:
    """File and line are named."""
    file = tmp_path / "settings"
    file.write_text(f"OK=1\n{line}\n")
    with pytest.raises(SettingRefused, match=re.escape(f"{file}:2: ")):
        read_settings_file(file)


def test_a_setting_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """One of the two would have no effect."""
    file = tmp_path / "settings"
    file.write_text("A=1\nA=2\n")
    with pytest.raises(SettingRefused, match="A is set twice"):
        read_settings_file(file)
