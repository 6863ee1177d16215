"""Handles incoming drs requests, invokes methods, returns responses."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from .launch_responses import LaunchResponse
from .lookup import invalid
from .modelled import ModelledResult
from .recovery_responses import RecoveryInstanceResponse
from .replication_responses import ReplicationResponse
from .server_responses import SourceServerResponse
from .validation import MOST_TAGS


class DRSResponse(SourceServerResponse, ReplicationResponse, LaunchResponse, RecoveryInstanceResponse):
    """Handler for DRS requests and responses: the service, jobs, and tags."""

    def initialize_service(self) -> ActionResult:
        self.drs_backend.initialize_service()
        return EmptyResult()

    def start_recovery(self) -> ActionResult:
        backend = self.initialized_backend
        job = backend.start_recovery(
            source_servers=self.params["sourceServers"],
            is_drill=self.params.get("isDrill", False),
            tags=self.params.get("tags", {}),
        )
        started = job.to_dict(backend.now)
        # Recorded: of a job without tags, this answer has one of DRS's own
        started["tags"] = job.tags or {"resourceArn": job.arn}
        return ModelledResult({"job": started})

    def terminate_recovery_instances(self) -> ActionResult:
        backend = self.initialized_backend
        job = backend.terminate_recovery_instances(self.params["recoveryInstanceIDs"])
        return ModelledResult({"job": job.to_dict(backend.now)})

    def describe_jobs(self) -> ActionResult:
        backend = self.initialized_backend
        jobs = backend.describe_jobs(self.params.get("filters", {}))
        newest_first, next_token = self.page(jobs, lambda job: -job.number)
        return ModelledResult(
            {"items": [job.to_dict(backend.now) for job in newest_first], "nextToken": next_token}
        )

    def delete_job(self) -> ActionResult:
        self.initialized_backend.delete_job(self.params["jobID"])
        return EmptyResult()

    def describe_job_log_items(self) -> ActionResult:
        job, events = self.initialized_backend.describe_job_log_items(self.params["jobID"])
        page, next_token = self.page(list(enumerate(events)), lambda entry: entry[0])
        return ModelledResult({"items": [job.log_item(event) for _, event in page], "nextToken": next_token})

    def tag_resource(self) -> ActionResult:
        tags = self.drs_backend.resource(self.params["resourceArn"]).tags
        if (count := len(tags | self.params["tags"])) > MOST_TAGS:
            raise invalid("tags", f"tags: the resource would have {count}: allowed are {MOST_TAGS} at most.")
        tags.update(self.params["tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        tags = self.drs_backend.resource(self.params["resourceArn"]).tags
        for key in self.params["tagKeys"]:
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        return ModelledResult({"tags": self.drs_backend.resource(self.params["resourceArn"]).tags})
