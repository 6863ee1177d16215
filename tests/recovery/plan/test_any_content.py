"""Whatever is in a plan file, it is a plan, or its problems are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_recovery.errors import PlanError
from drs_recovery.plan import Plan, read_plan, read_plans
from tests.budgets import examples

if TYPE_CHECKING:
    from pathlib import Path

FUZZ = settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""The folder of a test is one for all examples; each writes the same file again."""

FRAGMENTS = [
    *[
        "name: ",
        "waves:\n",
        "  - ",
        "- ",
        "servers: ",
        "depends_on: ",
        "region: eu-west-1\n",
        "tags: ",
        "Database",
    ],
    *[
        "[",
        "]",
        "{",
        "}",
        ": ",
        ", ",
        "\n",
        "    ",
        "\t",
        "'",
        '"',
        "|",
        ">",
        "&a ",
        "*a",
        "!!x ",
        "? ",
        "#",
        "---\n",
    ],
    *[
        "yes",
        "true",
        "null",
        "~",
        "1",
        "s-000000000000db001",
        "<<",
        "%YAML 1.2\n",
        "...\n",
        "\0",
        "\ufeff",
        "é",
        "\x85",
    ],
]


@FUZZ
@given(
    content=st.one_of(
        st.binary(max_size=400), st.lists(st.sampled_from(FRAGMENTS)).map("".join).map(str.encode)
    )
)
def test_no_content_raises_anything_but_a_plan_error(tmp_path: Path, content: bytes) -> None:
    """Whatever bytes are in a file, it is a plan or told as printable ``file:line:col: message`` lines."""
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert caught.value.problems
    for line in caught.value.problems:
        place, _, message = line.removeprefix(f"{path}:").partition(": ")
        assert all(int(number) >= 1 for number in place.split(":"))
        assert message
        assert message.isprintable()


@FUZZ
@given(data=st.data())
def test_a_good_plan_with_a_change_raises_nothing_but_a_plan_error(
    tmp_path: Path, good: str, data: st.DataObject
) -> None:
    """A fragment typed anywhere into a plan leaves a plan or a PlanError."""
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(start + 10, len(good))))
    text = good[:start] + data.draw(st.sampled_from(FRAGMENTS)) + good[end:]
    (tmp_path / "x.yaml").write_text(text, newline="")
    assert isinstance(read_plans(tmp_path)["x"], Plan | PlanError)
