"""`new`: a folder for an Airflow of one's own: loader, an example plan, policies, and a check for its CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import drs_recovery
from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.paper import Text
from drs_recovery.plan.schema import group_schema, json_schema, json_schema_text
from drs_recovery.text.lists import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.cli.screen import Screen

STARTER = Path(drs_recovery.__file__).with_name("starter")
"""What a new folder holds; what is in this repository too, tests hold to be the same."""


def new(screen: Screen, folder: Path) -> Exit:
    """Make a folder; raises UsageError for one that holds something already, or that cannot be made."""
    try:
        _refuse_what_is_there(folder)
        files = contents()
        _write(folder, files)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror or error}") from error
    screen.result(
        {"folder": str(folder), "files": list(files)},
        Text.of_lines(
            "\n".join([f"{folder}:", *(f"  {name}" for name in files), "README.md says what is next."])
        ),
    )
    return Exit.OK


def contents() -> dict[str, str]:
    """Return the texts of a new folder, by their places in it; schemas and version are this release's."""
    starter = (path for path in STARTER.rglob("*") if path.is_file() and path.suffix != ".pyc")
    texts = {path.relative_to(STARTER).as_posix(): path.read_text(encoding="utf-8") for path in starter}
    made = {
        "dags/plans/plan.schema.json": json_schema_text(json_schema),
        "dags/groups/group.schema.json": json_schema_text(group_schema),
        "requirements.txt": f"drs-recovery-plans=={drs_recovery.__version__}\n",
    }
    return dict(sorted((texts | made).items()))


def _refuse_what_is_there(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is no folder. Name a new one, or one that is empty")
    if there := sorted(path.name for path in folder.iterdir()) if folder.exists() else []:
        raise UsageError(
            f"{folder}: is not empty: {listed(map(quoted, there))}. Name a new folder, or an empty one"
        )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write what is not there; a file that appeared meanwhile is left as it is, and raises OSError."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
