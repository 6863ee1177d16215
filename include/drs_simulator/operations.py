"""``python -m drs_simulator.operations``: writes the table of operations into the README.

The operations and their errors come from the service model, what is simulated from the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from moto.core.utils import camelcase_to_underscores, get_service_model

from drs_simulator.drs.responses import DRSResponse

README = Path(__file__).with_name("README.md")
FAULTS = ("AccessDeniedException", "InternalServerException", "ThrottlingException")
"""Errors that no state of DRS raises."""
ALSO_FAULTS = {
    "DeleteLaunchConfigurationTemplate": "ConflictException",
    "DeleteReplicationConfigurationTemplate": "ConflictException",
    "ListLaunchActions": "ServiceQuotaExceededException",
}
"""Errors that the model declares without a state in which they would be right."""

_TABLE = re.compile(r"(?<=<!-- operations -->\n).*?(?=<!-- end of operations -->)", re.DOTALL)


@dataclass(frozen=True)
class Operation:
    """An operation of the model, and its modelled errors by what raises them here."""

    name: str
    simulated: bool
    by_state: tuple[str, ...]
    by_fault: tuple[str, ...]


def operations() -> list[Operation]:
    """Return all operations of DRS: the simulated ones first."""
    model = get_service_model("drs")
    found = [
        _read(name, [e.name for e in model.operation_model(name).error_shapes])
        for name in model.operation_names
    ]
    return sorted(found, key=lambda operation: (not operation.simulated, operation.name))


def table() -> str:
    """Return the table of operations in Markdown."""
    lines = ["| operation | simulated | errors by state | errors by fault |", "| --- | --- | --- | --- |"]
    for operation in operations():
        cells = (_short(operation.by_state), _short(operation.by_fault)) if operation.simulated else ("", "")
        lines.append(f"| {operation.name} | {'yes' if operation.simulated else 'no'} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def written(readme: str) -> str:
    """Return the README with the table as it is now."""
    return _TABLE.sub(lambda _: table(), readme)


def _read(name: str, errors: list[str]) -> Operation:
    faults = {*FAULTS, ALSO_FAULTS.get(name)}
    return Operation(
        name=name,
        simulated=hasattr(DRSResponse, camelcase_to_underscores(name)),
        by_state=tuple(sorted(error for error in errors if error not in faults)),
        by_fault=tuple(sorted(error for error in errors if error in faults)),
    )


def _short(errors: tuple[str, ...]) -> str:
    return ", ".join(error.removesuffix("Exception") for error in errors)


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
