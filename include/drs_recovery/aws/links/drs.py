from __future__ import annotations

from airflow.providers.amazon.aws.links.base_aws import BASE_AWS_CONSOLE_LINK, BaseAwsLink


class DrsJobLink(BaseAwsLink):
    """Helper class for constructing the link to a job in the AWS Elastic Disaster Recovery console."""

    name = "DRS Job"
    key = "_drs_job"
    # A job in the console's recovery job history, as AWS's own sample drs-plan-automation links it.
    format_str = BASE_AWS_CONSOLE_LINK + "/drs/home?region={region_name}#/launchHistory/{job_id}"
