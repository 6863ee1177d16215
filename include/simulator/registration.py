"""Makes services that live outside moto known to moto.

moto has no plugin mechanism: it finds a service by URL in ``backend_index.backend_url_patterns`` and then
imports ``moto.<service>``. Both that list and ``sys.modules`` are open to addition, so nothing of the
installed package is replaced.
"""

from __future__ import annotations

import re
import sys

from moto import backend_index

from simulator import drs
from simulator.drs import urls


def register() -> None:
    """Make DRS answer in moto's server, and under ``mock_aws``, as if moto had it."""
    if sys.modules.setdefault("moto.drs", drs) is not drs:
        raise RuntimeError("moto now has a drs service of its own: this one must not hide it")
    known = {pattern.pattern for _, pattern in backend_index.backend_url_patterns}
    backend_index.backend_url_patterns.extend(
        ("drs", re.compile(base)) for base in urls.url_bases if base not in known
    )
