from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook


class ServiceQuotasHook(AwsGenericHook[Any]):
    """Interact with AWS Service Quotas.

    Provide thin wrapper around
    :external+boto3:py:class:`boto3.client("service-quotas") <ServiceQuotas.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "service-quotas"
        super().__init__(*args, **kwargs)

    def get_quota_values(self, service_code: str) -> dict[str, float]:
        """Return the quotas that are applied to the account and Region, by quota code.

        A quota of which AWS knows no applied value is left out; its default then holds.

        .. seealso::
            - :external+boto3:py:meth:`ServiceQuotas.Client.list_service_quotas`

        :param service_code: The service, as Service Quotas names it, such as ``drs``.
        """
        pages = self.conn.get_paginator("list_service_quotas").paginate(ServiceCode=service_code)
        return {
            quota["QuotaCode"]: quota["Value"]
            for page in pages
            for quota in page["Quotas"]
            if "QuotaCode" in quota and "Value" in quota
        }
