"""A folder of DAGs that is not read: what Airflow shows stays, and a DAG beside the plans shows why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from drs_recovery.dag.files.contents import CONTENTS, contents_of, listed, version_of
from drs_recovery.dag.files.snapshot import OWN_FOLDER, READ_ONLY, move
from drs_recovery.dag.invalid import invalid_dag
from drs_recovery.names import UNREADABLE_FOLDER

if TYPE_CHECKING:
    from airflow.sdk import DAG

FILE = "recovery_trouble.py"
TEXT = ".trouble"

DAG_FILE = '''\
"""Airflow finds here why the folder of DAGs is not read."""

from pathlib import Path

from drs_recovery.dag.files.trouble import trouble_dag

dag = trouble_dag(Path(__file__).parent)
'''


def trouble_dag(snapshot: Path) -> DAG:
    """Return the DAG that shows why the folder of DAGs is not read."""
    return invalid_dag(UNREADABLE_FOLDER, (snapshot / TEXT).read_text())


def snapshot_with_trouble(error: str, versions: Path, before: Path | None) -> str:
    """Keep all that was in the snapshot before, with the DAG that shows an error; return the version."""
    text = (
        f"{error}\nUntil that is mended, Airflow shows the plans as they were before, and no change of them."
    )
    if before and (before / TEXT).is_file() and (before / TEXT).read_text() == text:
        return before.name
    versions.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=versions, prefix=".") as draft:
        folder = Path(draft) / "snapshot"
        folder.mkdir(mode=OWN_FOLDER)
        if before:
            passed_over = shutil.ignore_patterns("__pycache__", FILE, TEXT, CONTENTS)
            shutil.copytree(before, folder, ignore=passed_over, copy_function=_share, dirs_exist_ok=True)
        added = {TEXT: text.encode(), FILE: DAG_FILE.encode()}
        contents = (contents_of(before) if before else {}) | added
        for name, content in (added | {CONTENTS: listed(contents)}).items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(READ_ONLY)
        version = version_of(contents)
        move(folder, versions / version)
    (versions / version / FILE).touch()
    return version


def _share(source: str, target: str) -> None:
    """Have a file in both snapshots, with its time: Airflow need not read it again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
