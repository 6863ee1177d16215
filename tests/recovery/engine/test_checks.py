"""Each kind of check looks at servers where they are: at sockets on loopback addresses, and at local AWS."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.utils import instances
from drs_recovery.engine.checks import KINDS, sql
from drs_recovery.engine.checks.kind import MOST_AT_ONCE, Found, Reach, Subject
from drs_recovery.plan.checks import KINDS as KEYS
from drs_recovery.plan.checks import Check
from tests.recovery.denied import CURE, denied

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HERE, NOBODY = "127.0.41.1", "127.0.41.2"


def subject(key: str = "s-1", *, address: str | None = HERE, instance: str | None = None) -> Subject:
    """Return a launched server at an address."""
    server = {"id": key, **({"private_ip": address} if address else {})}
    return Subject(key, instance, address, {"server": server, "servers": [server]})


@asynccontextmanager
async def web(answer: bytes, host: str = HERE) -> AsyncIterator[int]:
    """Give the port of a small web server that says the same to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def page(status: int = 200, body: str = "Basket") -> bytes:
    """Return the answer of a web server."""
    head = f"HTTP/1.1 {status} Fine\r\nLocation: /elsewhere\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"{head}{body}".encode()


async def found(check: dict[str, Any], *subjects: Subject, hook: Any = None) -> list[Found]:
    """Return what a check finds of servers."""
    wanted = Check.model_validate({"name": "check"} | check)
    seen = await KINDS[wanted.kind](wanted, subjects, Reach(hook))
    return [seen[each.key] for each in subjects]


def test_each_kind_of_a_plan_has_its_look() -> None:
    """A kind is a key of a check, and a file."""
    assert (*KINDS, "sql") == KEYS


async def test_a_port_takes_a_connection_or_not() -> None:
    """Of each server for itself; what the system says is what was found."""
    async with web(b"") as port:
        taken, refused, unknown = await found(
            {"tcp": port}, subject(), subject("s-2", address=NOBODY), subject("s-3", address=None)
        )
    assert taken == Found(passed=True, text=f"{HERE}:{port} takes a connection")
    assert (refused.passed, unknown.passed) == (False, False)
    assert refused.text.startswith(f"{NOBODY}:{port}: ")
    assert unknown.text == "no private address is known yet"


@pytest.mark.parametrize(
    ("wanted", "status", "passed", "text"),
    [
        ({}, 200, True, "answers 200"),
        ({}, 503, False, "answers 503, 200 is due"),
        ({"status": 302}, 302, True, "answers 302"),
        ({}, 302, False, "answers 302, 200 is due"),
        ({"contains": "Basket"}, 200, True, "answers 200 and contains 'Basket'"),
        ({"contains": "Checkout"}, 200, False, "answers 200 without 'Checkout' in it"),
    ],
)
async def test_a_page_is_as_the_check_wants_it_or_not(
    wanted: dict[str, Any], status: int, passed: bool, text: str
) -> None:
    """The address is a template that may name the server; nobody is followed elsewhere."""
    async with web(page(status)) as port:
        url = f"http://{{{{ server.private_ip }}}}:{port}/shop"
        (seen,) = await found({"http": {"url": url, **wanted}}, subject())
    assert seen == Found(passed=passed, text=f"http://{HERE}:{port}/shop {text}")


async def test_a_page_that_nobody_serves_is_told_with_its_address() -> None:
    """And an address that cannot be made, for want of the server's, with what is missing."""
    refused, unknown = await found(
        {"http": {"url": "http://{{ server.private_ip }}:9/"}},
        subject(address=NOBODY),
        subject("s-2", address=None),
    )
    assert (refused.passed, unknown.passed) == (False, False)
    assert refused.text.startswith(f"http://{NOBODY}:9/: ")
    assert "'private_ip' is not known" in unknown.text


async def test_a_server_that_never_answers_holds_up_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its look ends by itself, and the others have ended before."""
    monkeypatch.setattr("drs_recovery.engine.checks.kind.LOOK_SECONDS", 0.2)
    reach = Reach(None)  # type: ignore[arg-type]

    async def look(one: Subject) -> Found:
        if one.key == "s-1":
            await asyncio.sleep(60)
        return Found(passed=True, text="fine")

    seen = await reach.each([subject(), subject("s-2")], look)
    assert seen["s-1"].passed is False
    assert seen["s-1"].text.startswith("no answer within ")
    assert seen["s-2"].passed


async def test_a_right_that_a_look_lacks_is_told_with_its_cure() -> None:
    """Of one server, as of all."""

    async def look(_: Subject) -> Found:
        raise denied("ec2:DescribeInstances")

    seen = await Reach(None).each([subject()], look)  # type: ignore[arg-type]
    assert seen["s-1"].text.endswith(f"; allow ec2:DescribeInstances {CURE}")


async def test_so_many_servers_are_looked_at_at_once_and_no_more() -> None:
    """However many wait: each takes a socket of the triggerer's."""
    now, most = 0, 0

    async def look(_: Subject) -> Found:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0)
        now -= 1
        return Found(passed=True, text="fine")

    reach = Reach(None)  # type: ignore[arg-type]
    seen = await reach.each([subject(f"s-{number}") for number in range(MOST_AT_ONCE + 50)], look)
    assert len(seen) == MOST_AT_ONCE + 50
    assert most == MOST_AT_ONCE


@pytest.mark.parametrize(("expect", "passed"), [("127.0.0.1", True), (HERE, False)])
async def test_a_name_resolves_to_the_address_that_is_due(expect: str, passed: bool) -> None:
    """As any program on the triggerer's machine would resolve it."""
    (seen,) = await found({"dns": {"name": "localhost", "expect": expect}}, subject())
    assert seen.passed is passed
    assert seen.text.startswith("localhost resolves to ")
    assert ("is due" in seen.text) is not passed


def asked(ask: Any, expect: object = 1) -> Found:
    """Return what a worker finds in a database."""
    wanted = {"connection": "shop", "query": "select 1", "expect": expect}
    check = Check.model_validate({"name": "orders", "sql": wanted})
    return sql.look([check], ask)["orders"]


@pytest.mark.parametrize(
    ("row", "expect", "passed", "text"),
    [
        ((1,), 1, True, "shop answers '1'"),
        ((0, 1), "1", False, "shop answers '0', '1' is due"),
        ((True,), True, True, "shop answers 'true'"),
        (("true",), True, True, "shop answers 'true'"),
        ((None,), "", False, "shop answers NULL, '1' is due"),
        (None, 1, False, "shop answers without a row, '1' is due"),
    ],
)
def test_a_database_answers_what_is_due_or_not(row: Any, expect: object, passed: bool, text: str) -> None:
    """The first column of the first row is compared as text; NULL is no text."""
    assert asked(lambda *_: row, expect or 1) == Found(passed=passed, text=text)


def test_what_a_database_says_is_what_was_found_in_one_line() -> None:
    """Drivers write theirs in several."""

    def refuse(*_: str) -> None:
        raise ConnectionError("refused\n\tIs the server running?\n")

    assert asked(refuse) == Found(passed=False, text="shop: refused Is the server running?")


def test_a_driver_that_blocks_holds_up_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread is left behind; the others are asked meanwhile."""
    monkeypatch.setattr(sql, "LOOK_SECONDS", 0.1)
    blocks = threading.Event()
    found = asked(lambda *_: (blocks.wait(30),))
    blocks.set()
    assert (found.passed, found.text[:17]) == (False, "no answer within ")


@pytest.fixture
def aws(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local AWS, and the hook of a wave that is recovered there."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    for client in (instances._ec2, instances._ssm):
        client.cache_clear()
    yield local_aws
    for client in (instances._ec2, instances._ssm):
        client.cache_clear()


def launch(aws: Any, count: int) -> list[str]:
    """Return instances that run."""
    aws.client("iam").create_instance_profile(InstanceProfileName="managed")
    ec2 = aws.client("ec2")
    run = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "managed"}}
    return [ec2.run_instances(**run)["Instances"][0]["InstanceId"] for _ in range(count)]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ({"ec2": "ok"}, "EC2 status checks: system ok, instance ok"),
        ({"ssm": "online"}, "Systems Manager: the agent is Online"),
    ],
    ids=["ec2", "ssm"],
)
async def test_aws_is_asked_about_many_instances_in_one_call(aws: Any, check: Any, text: str) -> None:
    """One that AWS does not know keeps nobody from the answers about the others."""
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    first, second = await asyncio.to_thread(launch, aws, 2)
    who = [subject("a", instance=first), subject("b", instance="i-0fffffffffffffff0")]
    who += [subject("c", instance=second), subject("d")]
    seen = await found(check, *who, hook=hook)
    assert [one.passed for one in seen] == [True, False, True, False]
    assert seen[0].text == seen[2].text == text
    assert "i-0fffffffffffffff0" in seen[1].text
    assert seen[3].text == "no recovery instance is known yet"
    aws.client("ec2").stop_instances(InstanceIds=[first])
    stopped, runs = await found(check, who[0], who[2], hook=hook)
    assert (stopped.passed, runs.passed) == (False, True)
