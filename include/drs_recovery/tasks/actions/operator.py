"""`operator` with `with`: any Airflow operator that the administrator allows plans to name."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from drs_recovery.errors import PlanError
from drs_recovery.plan.action_rules import complaint_of_operator
from drs_recovery.tasks.actions.obeys import Obeys

if TYPE_CHECKING:
    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target

OF_AIRFLOW = frozenset(inspect.signature(BaseOperator.__init__).parameters) - {"self", "kwargs"}
"""Arguments that all operators have: retries, pools, callbacks. A plan says none of them."""


class AnyOperator(Obeys):
    """Stands before an operator of any kind; ``operator_path`` is how plans name it."""

    operator_path = ""

    @classmethod
    def arguments_of(cls, action: Action, _: Target) -> dict[str, Any]:
        """Return the arguments that the plan says."""
        if action.operator != cls.operator_path:
            raise TypeError(
                f"the plan was edited in flight: it was opened with {action.operator or action.kind}"
            )
        return dict(action.with_ or {})


def operator_class(path: str) -> type[BaseOperator]:
    """Return a real operator made to obey the record; PlanError for one that is not there or not allowed.

    What is not allowed is not even imported.
    """
    if complaint := complaint_of_operator(path):
        raise PlanError([complaint])
    return _obedient(path)


@cache
def _obedient(path: str) -> type[BaseOperator]:
    module, _, name = path.rpartition(".")
    try:
        real = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PlanError([f"operator: {path!r} cannot be imported here: {error}"]) from error
    if not (isinstance(real, type) and issubclass(real, BaseOperator)):
        raise PlanError([f"operator: {path!r} is no operator of Airflow"])
    return type(name, (AnyOperator, real), {"__module__": __name__, "operator_path": path})


def complaint_of_arguments(arguments: dict[str, Any]) -> str | None:
    """Return which arguments of an operator a plan may not say; None if it may say all."""
    foreign = sorted(arguments.keys() & OF_AIRFLOW)
    return (
        f"with: {', '.join(foreign)} cannot be said here: the keys of the action stand for it"
        if foreign
        else None
    )
