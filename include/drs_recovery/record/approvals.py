"""Who passes a gate: so many different people of those who may, or one alone who may break the glass.

Pure rules, asked when somebody answers and again, of what is on record, before a wave starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.record.enums import Decision
from drs_recovery.record.parts import Approval
from drs_recovery.text.people import who_may_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_recovery.record.models import WaveRecord


class GivenApproval(Approval):
    """An approval of a gate that needs several: an item of its own."""

    wave_number: int


class GateRules(NamedTuple):
    """Whose approvals pass the gate of a wave in one execution.

    ``approvers`` is empty where anyone may answer who answers gates in Airflow. ``excluded`` is who asked for
    the execution, where that person may not approve.
    """

    approvers: tuple[str, ...] = ()
    needed: int = 1
    break_glass: tuple[str, ...] = ()
    excluded: str | None = None

    @property
    def respondents(self) -> tuple[str, ...]:
        """The users whom Airflow lets answer; empty: anyone."""
        return (*self.approvers, *self.break_glass) if self.approvers else ()

    @property
    def who(self) -> str:
        """Who passes the gate, as a sentence lists them."""
        parts = [who_may_answer(self.approvers)]
        if self.needed > 1:
            people = ", ".join(self.approvers) or "those who may answer gates in Airflow"
            parts = [f"{self.needed} different people of {people}"]
        if self.excluded and (not self.approvers or self.excluded in self.approvers):
            parts.append(f"not {self.excluded}, who asked for this run")
        if self.break_glass:
            parts.append(f"or {', '.join(self.break_glass)} alone, by break-glass")
        return "; ".join(parts)

    @property
    def is_passable(self) -> bool:
        """Whether enough people are left who may, once who asked for the run is taken away."""
        left = set(self.approvers) - {self.excluded}
        return not self.approvers or bool(self.break_glass) or len(left) >= self.needed

    def breaks_glass(self, answer: Approval) -> bool:
        """Whether an approval passes the gate alone, past the number and past who asked for the run."""
        return answer.by in self.break_glass

    def refusal(self, answer: Approval, earlier: Sequence[Approval]) -> str | None:
        """Return why an approval does not count, beside those given before it; None if it does."""
        if self.breaks_glass(answer):
            return None if answer.reason else f"{answer.by} passes this gate alone, and needs a reason for it"
        if self.approvers and answer.by not in self.approvers:
            return f"{answer.by!r} is none of the plan's approvers, {', '.join(self.approvers)}"
        if self._is_excluded(answer):
            return f"{answer.by} asked for this run, and may not approve it"
        if any(given.by == answer.by and given.time != answer.time for given in earlier):
            missing = self.missing(earlier)
            return f"{answer.by} has approved already, and counts once; {missing} more must approve"
        return None

    def missing(self, answers: Iterable[Approval]) -> int:
        """Return how many more different people must approve, after these answers of one attempt."""
        return max(self.needed - len(self.people(answers)), 0)

    def people(self, answers: Iterable[Approval]) -> set[str]:
        """Return the different people among these whose approval counts."""
        return {
            answer.by
            for answer in answers
            if answer.by is not None
            and answer.decision is Decision.APPROVED
            and (not self.approvers or answer.by in self.approvers)
            and not self._is_excluded(answer)
        }

    def _is_excluded(self, answer: Approval) -> bool:
        """Whether who asked for the run gave it, whom Airflow knows by name; of an answer it tells both."""
        return self.excluded is not None and self.excluded in {answer.by, answer.name}


def lacking(rules: GateRules, wave: WaveRecord, earlier: Sequence[Approval]) -> str | None:
    """Return what the answers on record lack to pass the gate of a wave's attempt; None if they pass it.

    ``earlier`` are those that were given before the one that the wave holds.
    """
    last = wave.approval
    if last is None or not wave.approved:
        return f"its gate holds no approval of attempt {wave.attempt}"
    if last.break_glass and rules.breaks_glass(last):
        return None
    answers = [*(answer for answer in earlier if answer.attempt == wave.attempt), last]
    if not rules.missing(answers):
        return None
    if reason := rules.refusal(last, ()):
        return reason
    people = ", ".join(sorted(rules.people(answers)))
    return f"{rules.needed} different people must approve, and on record is only {people}"
