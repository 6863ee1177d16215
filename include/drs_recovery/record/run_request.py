"""What a DAG run asked for when it opened an execution: frozen in the record, like plan and servers."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Self

from drs_recovery.record.base import Label, Record, Time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


_TEXTS = ("confirm", "replace_recovered", "approvals", "recovery_point")


class RunRequest(Record):
    """The kind of a DAG run, its time and its params, as they were given.

    ``conf_hash`` is that of all its params, those that no execution has among them. A run that differs in any
    of this is another run, even under the same id. Records of earlier releases have none.
    """

    run_type: Label
    run_after: Time | None = None
    confirm: Label | None = None
    replace_recovered: Label | None = None
    approvals: Label | None = None
    recovery_point: Label | None = None
    conf_hash: Label

    @classmethod
    def of(cls, conf: Mapping[str, Any], *, run_type: str, run_after: datetime | None) -> Self:
        """Return what a run asks for; a param that is no text is in the hash alone."""
        text = json.dumps(conf, sort_keys=True, default=str)
        given = {name: conf.get(name) for name in _TEXTS}
        return cls.model_validate(
            {
                **{name: value for name, value in given.items() if isinstance(value, str)},
                "run_type": run_type,
                "run_after": run_after,
                "conf_hash": hashlib.sha256(text.encode()).hexdigest(),
            }
        )
