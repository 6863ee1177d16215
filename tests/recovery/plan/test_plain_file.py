"""Files of others: what is read is a regular file of the folder, whatever happens to links meanwhile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag.files.folder import read_folder
from drs_recovery.errors import PlanError
from drs_recovery.plan import read_plan
from drs_recovery.plan.plain_file import NoPlainFile, plain_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "FERNET_KEY: secret"


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    """A folder of plans below that of DAGs, with a file and a folder in it; beside that, a secret."""
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "x.yaml").write_text(SECRET)
    plans = tmp_path / "dags" / "plans"
    (plans / "below").mkdir(parents=True)
    (plans / "below" / "x.yaml").write_text("of the folder")
    return plans


def turn_the_link(plans: Path) -> None:
    """Have a link lead out that led to a file of the folder."""
    (plans / "x.yaml").unlink()
    (plans / "x.yaml").symlink_to(plans.parents[1] / "private" / "x.yaml")


def exchange_the_file(plans: Path) -> None:
    """Put a link in the place of the file that the link led to."""
    (plans / "below" / "x.yaml").unlink()
    (plans / "below" / "x.yaml").symlink_to(plans.parents[1] / "private" / "x.yaml")


def exchange_the_folder(plans: Path) -> None:
    """Put a link in the place of the folder on the way."""
    (plans / "below").rename(plans / "moved")
    (plans / "below").symlink_to(plans.parents[1] / "private")


READERS: dict[str, Callable[[Path], object]] = {
    "itself": lambda plans: plain_bytes(plans / "x.yaml", 99, within=(plans,)),
    "a plan": lambda plans: read_plan(plans / "x.yaml"),
    "the folder": lambda plans: read_folder(plans.parent),
}


def changing(monkeypatch: pytest.MonkeyPatch, moment: str, change: Callable[[], object]) -> None:
    """Let something happen once, when the file is so far."""
    opened, resolved = os.open, os.path.realpath

    def now() -> None:
        monkeypatch.setattr(os, "open", opened)
        monkeypatch.setattr(os.path, "realpath", resolved)
        change()

    def opening(path: object, *args: object, **kwargs: object) -> int:
        if moment == "about to be opened":
            now()
        file: int = opened(path, *args, **kwargs)  # type: ignore[call-overload]
        if moment == "open":
            now()
        return file

    def resolving(path: object, **kwargs: object) -> object:
        real = resolved(path, **kwargs)  # type: ignore[call-overload]
        if moment == "resolved" and str(path).endswith("x.yaml"):
            now()
        return real

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os.path, "realpath", resolving)


@pytest.mark.parametrize("change", [turn_the_link, exchange_the_file, exchange_the_folder])
@pytest.mark.parametrize("moment", ["resolved", "about to be opened", "open"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_change_between_question_and_use_leads_nowhere(
    plans: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    moment: str,
    read: Callable[[Path], object],
) -> None:
    """Neither a link that is turned nor a folder that is exchanged for one: what is open is asked."""
    (plans / "x.yaml").symlink_to("below/x.yaml")
    changing(monkeypatch, moment, lambda: change(plans))
    try:
        message = str(read(plans))
    except (OSError, PlanError) as error:
        message = str(error)
    assert "FERNET_KEY" not in message


def test_a_file_whose_folder_was_exchanged_says_so(plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of any link that leads out; one that is only gone by now is read, as it was there."""
    opened = os.open

    def opening(change: Callable[[], object]) -> Callable[..., int]:
        return lambda *args: (change(), opened(*args))[1]

    exchange = lambda: exchange_the_folder(plans)  # noqa: E731
    monkeypatch.setattr(os, "open", opening(exchange))
    with pytest.raises(NoPlainFile, match="leads out of its folder"):
        plain_bytes(plans / "below" / "x.yaml", 99, within=(plans,))
    monkeypatch.setattr(os, "open", lambda *args: (opened(*args), (plans / "moved" / "x.yaml").unlink())[0])
    assert plain_bytes(plans / "moved" / "x.yaml", 99, within=(plans,)) == b"of the folder"
