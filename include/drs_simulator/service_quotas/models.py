"""Service Quotas that also knows the quotas of DRS, as they are set here."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

from drs_simulator.drs.admission import JOBS, SERVERS_IN_ALL_JOBS, SERVERS_IN_JOB
from drs_simulator.drs.quotas import Quotas, quotas

NAMES = {
    JOBS: "Concurrent jobs in progress",
    SERVERS_IN_JOB: "Max source servers in a single Job",
    SERVERS_IN_ALL_JOBS: "Max source servers in all Jobs",
    "L-DD6D028C": "Max concurrent Jobs per source server",
    "L-C1D14A2B": "Max Total replicating source servers Per AWS Account",
}


class QuotasBackend(ServiceQuotasBackend):
    """moto's quotas, and those of DRS."""

    def list_service_quotas(self, service_code: str) -> list[dict[str, Any]]:
        """Return the applied quotas of a service."""
        if service_code == "drs":
            return self._drs(quotas)
        if service_code == "vpc":
            return VPC_DEFAULT_QUOTAS
        raise NoSuchResource

    def list_aws_default_service_quotas(self, service_code: str) -> list[dict[str, Any]]:
        if service_code == "drs":
            return self._drs(Quotas())
        return super().list_aws_default_service_quotas(service_code)

    def get_service_quota(self, service_code: str, quota_code: str) -> dict[str, Any]:
        found = [q for q in self.list_service_quotas(service_code) if q["QuotaCode"] == quota_code]
        if not found:
            raise NoSuchResource
        return found[0]

    def _drs(self, values: Quotas) -> list[dict[str, Any]]:
        known = {
            JOBS: values.concurrent_jobs,
            SERVERS_IN_JOB: values.servers_in_job,
            SERVERS_IN_ALL_JOBS: values.servers_in_all_jobs,
            "L-DD6D028C": 1,
            "L-C1D14A2B": 300,
        }
        place = f"arn:{self.partition}:servicequotas:{self.region_name}:{self.account_id}:drs"
        return [
            {
                "ServiceCode": "drs",
                "ServiceName": "AWS Elastic Disaster Recovery",
                "QuotaArn": f"{place}/{code}",
                "QuotaCode": code,
                "QuotaName": NAMES[code],
                "Value": float(value),
                "Unit": "None",
                "Adjustable": False,
                "GlobalQuota": False,
                "QuotaAppliedAtLevel": "ACCOUNT",
            }
            for code, value in known.items()
        ]


service_quotas_backends = BackendDict(QuotasBackend, "service-quotas")
