"""A denial of AWS is followed by its cure, whichever service spells it."""

from __future__ import annotations

import pytest

from drs_recovery.text.denials import DENIED, cure_of, tells_of_denial

SAID = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: drs:StartRecovery on resource: arn"


@pytest.mark.parametrize("code", sorted(DENIED))
def test_the_right_is_named(code: str) -> None:
    """As AWS names it."""
    assert cure_of(code, SAID).startswith("; allow drs:StartRecovery to the role that is named")


def test_what_aws_does_not_name_is_not_made_up() -> None:
    """EC2 encodes it."""
    assert cure_of("UnauthorizedOperation", "You are not authorized.").startswith(
        "; allow it to the role that asked"
    )


def test_what_a_policy_forbids_nobody_is_told_to_allow() -> None:
    """It would be of no use: an explicit deny counts more than what allows."""
    told = cure_of("AccessDeniedException", f"{SAID} with an explicit deny in a service control policy")
    assert told.startswith("; a policy denies it, as the answer says: take that away: docs/production.md")


@pytest.mark.parametrize("code", sorted(DENIED))
def test_a_text_tells_of_a_denial_by_its_code(code: str) -> None:
    """As botocore words it, and as others do; no other word, and no code of anything else."""
    assert tells_of_denial(f"Database cannot start: An error occurred ({code}) when calling it: {SAID}")
    assert tells_of_denial(f"It answered: {code}: {SAID}")
    assert not tells_of_denial(f"An error occurred (Not{code}s) when calling it: {SAID}")


@pytest.mark.parametrize("code", ["ThrottlingException", None])
def test_nothing_follows_another_answer(code: str | None) -> None:
    """However it is worded."""
    assert cure_of(code, SAID) == ""
