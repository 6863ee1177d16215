"""The text where the last good version of a plan stands in for a file that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

from drs_recovery.text.markdown import Markdown, fenced

DOC = (
    "**This plan is outdated.** Its file cannot be read since {}. What is shown here, and runs, is its last "
    "good version.\n\n{}\n\nMend the file; this page follows.\n\n"
)


@dataclass(frozen=True)
class Outdated:
    """Since when a plan's file cannot be read, and why."""

    since: str
    error: str

    @property
    def remark(self) -> str:
        """A sentence for the audit trail."""
        return f"the plan's file cannot be read since {self.since}; its last good version runs"

    @property
    def doc(self) -> Markdown:
        """The first paragraphs of the DAG's page."""
        return Markdown(DOC).format(self.since, fenced(self.error))
