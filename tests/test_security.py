"""docs/security.md says what can be checked: what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drs_recovery.plan import Preflight
from drs_recovery.record.enums import EventType
from drs_recovery.settings import Settings
from launcher.settings import Settings as LauncherSettings
from tests import iam
from tests.test_docs import defaults_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXT = (DOCS / "security.md").read_text()
CODE = re.findall(r"`([^`\n]+)`", TEXT)
HEADINGS = {
    re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
    for line in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
}
DENIED = {"drs:DisconnectSourceServer", "drs:DeleteSourceServer", "ec2:RunInstances"}
"""Actions that are named because the product needs none of them."""


@pytest.mark.parametrize(
    "path", sorted({c for c in CODE if re.fullmatch(r"(include|tests|dags)/[\w/.]+", c)})
)
def test_every_file_exists(path: str) -> None:
    """Where a rule lives, and what proves it."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("cited", sorted({c for c in CODE if "::" in c}))
def test_every_test_exists(cited: str) -> None:
    """A proof that is gone proves nothing."""
    path, _, name = cited.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)]+)\)", TEXT))))
def test_every_link_leads_somewhere(target: str) -> None:
    """To a file beside, or to a heading."""
    file, _, heading = target.partition("#")
    assert (DOCS / file).exists()
    assert not heading or heading in HEADINGS


def test_the_code_points_to_the_hierarchy_of_trust() -> None:
    """Each module that holds a rule of it says so, and they are those that are named there."""
    pointing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "include" / "drs_recovery").rglob("*.py")
        if "docs/security.md" in path.read_text()
    }
    assert {code for code in CODE if re.fullmatch(r"include/drs_recovery/[\w/]+\.py", code)} == pointing


def test_every_setting_exists() -> None:
    """Of the product, and of its stack."""
    named = {name for name in CODE if re.fullmatch(r"RECOVERY_[A-Z_]+", name)}
    assert named <= (defaults_of(Settings, "RECOVERY_") | defaults_of(LauncherSettings)).keys()


def test_every_right_is_one_of_the_policies() -> None:
    """What the product needs, and what it never does; what a policy allows to change is explained."""
    named = {name for name in CODE if re.fullmatch(r"(drs|ec2|dynamodb|servicequotas):[A-Z]\w+", name)}
    allowed = iam.actions("watch", "start", "settings", "clean_up", "table", "read", "act", "init")
    assert named - DENIED <= allowed
    assert not DENIED & allowed
    changing = {action for action in allowed if not re.search(r":(Describe|List|Update(Table|Cont))", action)}
    assert changing <= named


def test_what_tells_of_a_missing_right_exists() -> None:
    """An event of the trail, and checks before anything is launched."""
    shown = {
        name for name in re.findall(r"\b[A-Z]+_[A-Z]+\b", TEXT) if name in {"LOOK_FAILED", "RUN_REFUSED"}
    }
    assert shown == {"LOOK_FAILED", "RUN_REFUSED"}
    assert all(EventType(name).known for name in shown)
    checks = set(re.findall(r"the check `(\w+)`", TEXT))
    assert checks <= Preflight.model_fields.keys()
