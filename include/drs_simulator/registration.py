"""Makes services that live outside moto known to moto.

moto has no plugin mechanism: it finds a service by URL in ``backend_index.backend_url_patterns`` and then
imports ``moto.<service>``. Both that list and ``sys.modules`` are open to addition, so nothing of the
installed package is replaced. Of two entries for a URL the first answers: those that moto has too here know
DRS. EC2 and DynamoDB, where only methods are mended, get them at run time.
"""

from __future__ import annotations

import re
import sys

from moto import backend_index

from drs_simulator import awslambda, cloudwatch, drs, dynamodb, ec2, service_quotas, ssm
from drs_simulator.awslambda import urls as function_urls
from drs_simulator.cloudwatch import urls as metric_urls
from drs_simulator.drs import urls
from drs_simulator.service_quotas import urls as quota_urls
from drs_simulator.ssm import urls as ssm_urls

REPLACED = {
    "service_quotas": (service_quotas, quota_urls),
    "metrics": (cloudwatch, metric_urls),
    "automation": (ssm, ssm_urls),
    "functions": (awslambda, function_urls),
}
"""Services that moto has too, by the name under which it is to find these before its own."""


def register() -> None:
    """Make DRS and what knows of it answer in moto's server, and under ``mock_aws``, as if moto had them."""
    if sys.modules.setdefault("moto.drs", drs) is not drs:
        raise RuntimeError("moto now has a drs service of its own: this one must not hide it")
    ec2.mend()
    dynamodb.mend()
    known = {pattern.pattern for _, pattern in backend_index.backend_url_patterns}
    backend_index.backend_url_patterns.extend(
        ("drs", re.compile(base)) for base in urls.url_bases if base not in known
    )
    for name, (service, its_urls) in REPLACED.items():
        sys.modules[f"moto.{name}"] = service
        for base in its_urls.url_bases:
            if (entry := (name, re.compile(base))) not in backend_index.backend_url_patterns:
                backend_index.backend_url_patterns.insert(0, entry)
