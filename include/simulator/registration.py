"""Makes services that live outside moto known to moto.

moto has no plugin mechanism: it finds a service by URL in ``backend_index.backend_url_patterns`` and then
imports ``moto.<service>``. Both that list and ``sys.modules`` are open to addition, so nothing of the
installed package is replaced. Of two entries for a URL the first answers: Service Quotas, which moto has too,
here knows DRS.
"""

from __future__ import annotations

import re
import sys

from moto import backend_index

from simulator import drs, service_quotas
from simulator.drs import urls
from simulator.service_quotas import urls as quota_urls


def register() -> None:
    """Make DRS and its quotas answer in moto's server, and under ``mock_aws``, as if moto had them."""
    if sys.modules.setdefault("moto.drs", drs) is not drs:
        raise RuntimeError("moto now has a drs service of its own: this one must not hide it")
    known = {pattern.pattern for _, pattern in backend_index.backend_url_patterns}
    backend_index.backend_url_patterns.extend(
        ("drs", re.compile(base)) for base in urls.url_bases if base not in known
    )
    if (
        sys.modules.setdefault("moto.service_quotas", service_quotas) is service_quotas
        and (entry := ("service_quotas", re.compile(quota_urls.url_bases[0])))
        not in backend_index.backend_url_patterns
    ):
        backend_index.backend_url_patterns.insert(0, entry)
