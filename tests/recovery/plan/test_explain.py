"""Which model a problem of a plan file is about, however deep models lie in another."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Discriminator, Tag

from drs_recovery.plan import PlanFile, Preflight, ServerTags, Wave
from drs_recovery.plan.explain import model_at


class Tcp(BaseModel):
    """A kind of check."""

    port: int


class Http(BaseModel):
    """Another."""

    url: str


class Step(BaseModel):
    """A wave that holds models of its own, one of them in a union, one twice as deep."""

    checks: tuple[
        Annotated[Annotated[Tcp, Tag("tcp")] | Annotated[Http, Tag("http")], Discriminator(str)], ...
    ]
    kind: Literal["a"] | None = None
    named: dict[str, Http] | None = None


class File(BaseModel):
    """A plan that holds such waves."""

    steps: tuple[Step, ...] | None = None


@pytest.mark.parametrize(
    ("root", "place", "model"),
    [
        (PlanFile, (), PlanFile),
        (PlanFile, ("preflight",), Preflight),
        (PlanFile, ("waves", 7), Wave),
        (PlanFile, ("waves", 7, "servers", "by tags"), ServerTags),
        (PlanFile, ("waves", 7, "optional", "by tags"), ServerTags),
        (File, ("steps", 0), Step),
        (File, ("steps", 0, "checks", 1, "tcp"), Tcp),
        (File, ("steps", 0, "checks", 1, "http"), Http),
        (File, ("steps", 0, "named", "home page"), Http),
    ],
)
def test_the_place_of_a_problem_leads_to_its_model(
    root: type[BaseModel], place: tuple[str | int, ...], model: type[BaseModel]
) -> None:
    """Else "allowed here" would list the keys of another."""
    assert model_at(root, place) is model
