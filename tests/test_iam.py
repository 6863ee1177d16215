"""The policies of the template hold what the product's code calls, and nothing else."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase

import pytest

from docs.policies import FOLDER, YOURS, documents, files
from drs_recovery.record.models import execution_id
from drs_recovery.store.lock import lock_key
from drs_recovery.store.queue import QueueKey
from tests import iam

ALL = sorted(documents())
OURS = sorted(set(ALL) - iam.FOR_DRS)
WRITTEN = sorted(set(ALL) - YOURS)
PRODUCTION = (iam.ROOT / "docs" / "production.md").read_text()
SECURITY = (iam.ROOT / "docs" / "security.md").read_text()


def test_the_code_makes_clients_of_these_services_alone() -> None:
    """A new one needs rights of its own, and is looked for in all other tests of this kind."""
    assert iam.services() == {"drs", "dynamodb", "ec2", "route53", "service-quotas", "ssm", "sts"}


def test_the_policies_allow_what_the_code_calls_and_nothing_else() -> None:
    """None is missing, which would show on the day it is needed, and none is left over."""
    assert iam.actions(*OURS) - iam.NO_CALL - iam.BY_OPERATORS == iam.called() - iam.FREE


def test_the_files_are_those_of_the_template() -> None:
    """``python docs/policies.py`` writes them; none is left of a policy that is gone."""
    assert {path: path.read_text() for path in FOLDER.iterdir()} == files()


@pytest.mark.parametrize("name", OURS)
def test_every_action_exists(name: str) -> None:
    """IAM takes a misspelt one without a word."""
    known = {action for service in iam.services() for action in iam.operations(service).values()}
    assert iam.actions(name) <= known | iam.NO_CALL | iam.BY_OPERATORS


@pytest.mark.parametrize("name", ALL)
def test_every_statement_is_one_of_iam(name: str) -> None:
    """With a name, an effect, actions of one kind, resources; nothing is allowed by a wildcard action."""
    document = iam.policy(name)
    assert document["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
    for statement in document["Statement"]:
        assert statement.keys() - {"Condition"} == {"Sid", "Effect", "Action", "Resource"}
        assert re.fullmatch(r"[A-Za-z]+", statement["Sid"])
    assert not [action for action in iam.actions(name) if "*" in action]


def test_what_changes_something_is_allowed_for_what_it_changes_alone() -> None:
    """Only looks are allowed on everything, where AWS cannot tell them apart."""
    for statement in (one for name in ALL for one in iam.policy(name)["Statement"]):
        if statement["Resource"] == "*":
            assert [a for a in statement["Action"] if not re.match(r"[\w-]+:(Describe|List|Get)", a)] == []


@pytest.mark.parametrize("name", WRITTEN)
def test_every_resource_is_one_that_its_actions_are_about(name: str) -> None:
    """A query is about indexes too, a command about its document and its instances; IAM takes any ARN."""
    for statement in iam.policy(name)["Statement"]:
        actions, resources = (
            [one] if isinstance(one, str) else one for one in (statement["Action"], statement["Resource"])
        )
        if resources != ["*"]:
            about = {(a, r) for a in actions for r in resources if iam.about(a, r)}
            assert ({a for a, _ in about}, {r for _, r in about}) == ({*actions}, {*resources})


@pytest.mark.parametrize("name", ["table", "read", "look", "act", "doctor"])
def test_indexes_can_be_queried(name: str) -> None:
    """Lists are; a right to the table alone does not reach them, and nothing else is done to an index."""
    table = "arn:aws:dynamodb:*:*:table/recovery-executions"
    reached = {
        action: statement["Resource"]
        for statement in iam.policy(name)["Statement"]
        for action in statement["Action"]
        if action.startswith("dynamodb:")
    }
    assert reached.pop("dynamodb:Query") == [table, f"{table}/index/*"]
    assert set(reached.values()) == {table}


def test_tags_are_set_only_with_what_is_started() -> None:
    """Not on what is there: tags decide which servers a plan recovers."""
    (tagging,) = [s for s in iam.policy("start")["Statement"] if s["Action"] == "drs:TagResource"]
    assert tagging["Condition"] == {"StringEquals": {"drs:CreateAction": "StartRecovery"}}
    assert tagging["Resource"].endswith(":job/*")


def test_only_locks_and_places_are_deleted() -> None:
    """No record and no trail can be removed: what is deleted has the key of a lock, or of a queue's place."""
    freeing = [
        s for name in ALL for s in iam.policy(name)["Statement"] if "dynamodb:DeleteItem" in s["Action"]
    ]
    assert len(freeing) == 2
    patterns = {p for s in freeing for p in s["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]}
    deleted = [lock_key("web_shop"), QueueKey("123456789012", "eu-west-1").hash_key]
    assert [[fnmatchcase(key, pattern) for pattern in sorted(patterns)] for key in deleted] == [
        [True, False],
        [False, True],
    ]
    assert not any(fnmatchcase(execution_id("web_shop", "manual__1"), pattern) for pattern in patterns)
    assert all(s["Action"] == ["dynamodb:DeleteItem"] for s in freeing)
    keys = iam.first_arguments("Delete")
    assert keys
    assert {ast.unparse(key).partition("(")[0] for key in keys} == {"lock_key", "queue.hash_key"}
    assert not [path for path in iam.CODE.rglob("*.py") if ".delete_item(" in path.read_text()]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_policy_is_reported_where_people_look(name: str) -> None:
    """Its page names each file."""
    assert f"iam/{name}.json" in PRODUCTION
    assert f"iam/{name}.json" in SECURITY
