"""`route53`: a record of a hosted zone, set to values; what it was before goes on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.aws.hooks.quick import QuickHook
from drs_recovery.plan.actions import Route53
from drs_recovery.tasks.actions.aws_answer_trigger import AwsAnswerTrigger
from drs_recovery.tasks.actions.obeys import Obeys

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target


class Route53Action(Obeys, BaseOperator):
    """Sets a record (UPSERT) and waits until all of Route 53's servers have it (INSYNC).

    :param record: zone, name, type, ttl and values of the record.
    """

    ui_color = "#dff0d8"

    def __init__(self, *, record: dict[str, Any], aws_conn_id: str, region_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.record, self.aws_conn_id, self.region_name = record, aws_conn_id, region_name

    @classmethod
    def arguments_of(cls, action: Action, target: Target) -> dict[str, Any]:
        """Return the record, and by which connection it is set."""
        asked = action.spec(Route53)
        return {
            "record": asked.model_dump(include={"zone", "record", "type", "ttl", "values"}),
            "aws_conn_id": asked.aws_conn_id or target.aws_conn_id,
            "region_name": asked.region or target.region,
        }

    def do_work(self, context: Context) -> None:
        """Put on record what the record is, then set it."""
        values = self.record["values"]
        wanted = [str(value) for value in (values if isinstance(values, list) else [values])]
        if not wanted:
            raise AirflowException("values: the template became no values")
        name = f"{self.record['type']} {self.record['record']}"
        self.put_on_record(
            context, f"{name}: {self._before()} became {self.record['ttl']} {', '.join(wanted)}"
        )
        asked = {
            "Name": self.record["record"],
            "Type": self.record["type"],
            "TTL": self.record["ttl"],
            "ResourceRecords": [{"Value": value} for value in wanted],
        }
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": asked}]}
        change = self._client.change_resource_record_sets(HostedZoneId=self.record["zone"], ChangeBatch=batch)
        look = ["route53", "get_change", {"Id": change["ChangeInfo"]["Id"]}]
        trigger = AwsAnswerTrigger(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            look=look,
            path=["ChangeInfo", "Status"],
            through=["PENDING"],
        )
        self.defer(trigger=trigger, method_name="in_sync")

    def in_sync(self, context: Context, event: dict[str, Any]) -> str:
        """Return what was changed."""
        return f"{self.action_run.item.result} ({event['status']})"

    def _before(self) -> str:
        """Return the record as it is now, in a line; AirflowException for one that is one of several."""
        name, kind = self.record["record"], self.record["type"]
        found = self._client.list_resource_record_sets(
            HostedZoneId=self.record["zone"], StartRecordName=name, StartRecordType=kind, MaxItems="1"
        )["ResourceRecordSets"]
        known = [one for one in found if (one["Name"].rstrip("."), one["Type"]) == (name.rstrip("."), kind)]
        if not known:
            return "nothing"
        if "SetIdentifier" in known[0]:
            raise AirflowException(f"{name} is one of several records by a routing policy: set it by hand")
        if alias := known[0].get("AliasTarget"):
            return f"an alias of {alias['DNSName']}"
        values = ", ".join(one["Value"] for one in known[0].get("ResourceRecords", []))
        return f"{known[0].get('TTL')} {values}"

    @property
    def _client(self) -> Any:
        return QuickHook(
            aws_conn_id=self.aws_conn_id, region_name=self.region_name, client_type="route53"
        ).conn
