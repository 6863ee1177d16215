"""Every environment that people have: a line that says what to do, the exit code, JSON, and no secret.

A row is a command in an environment; each runs as a process, as only that has streams and an environment.
"""

# ruff: noqa: E501 - a row is a line

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.budgets import pairs
from tests.recovery.cli import forked
from tests.recovery.cli.cli_surroundings import NO_AIRFLOW

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore

ROOT = Path(__file__).parents[3]
UNKNOWN = "00000000-0000-0000-0000-000000000000"
SECRET = "s3cret-hunter2"
FAR = "http://airflow.example"
SOCKS, BAD, DEAD = (
    f"socks5://me:{SECRET}@127.0.0.1:9",
    f"http://me:{SECRET}@:::",
    f"http://me:{SECRET}@127.0.0.1:9",
)


@dataclass(frozen=True)
class Row:
    """What people have, and what they get."""

    name: str
    command: str
    env: dict[str, str]
    code: int
    kind: str | None
    texts: tuple[str, ...] = field(default=())

    @property
    def arguments(self) -> list[str]:
        """The command as the process gets it."""
        return self.command.split()


ROWS = [
    # Proxies
    Row("socks", "whoami", {"ALL_PROXY": SOCKS, "URL": FAR}, 4, "AirflowUnreachable", ("ALL_PROXY", "SOCKS", "NO_PROXY=airflow.example")),
    Row("malformed proxy", "whoami", {"http_proxy": BAD, "URL": FAR}, 4, "AirflowUnreachable", ("http_proxy", "no URL of a proxy")),
    Row("proxy of no kind", "whoami", {"HTTP_PROXY": "gopher://x", "URL": FAR}, 4, "AirflowUnreachable", ("HTTP_PROXY",)),
    Row("dead proxy", "whoami", {"HTTP_PROXY": DEAD, "URL": FAR}, 4, "AirflowUnreachable", ("the proxy that HTTP_PROXY names",)),
    Row("excepted from the proxy", "whoami", {"ALL_PROXY": SOCKS, "NO_PROXY": "airflow.invalid", "URL": "http://airflow.invalid"}, 4, "AirflowUnreachable", ("RECOVERY_AIRFLOW_URL",)),
    Row("everything excepted", "whoami", {"ALL_PROXY": SOCKS, "NO_PROXY": "*", "URL": "http://airflow.invalid"}, 4, "AirflowUnreachable", ("RECOVERY_AIRFLOW_URL",)),
    Row("everything excepted, AWS", "list", {"HTTP_PROXY": DEAD, "no_proxy": " * ", "AWS_ENDPOINT_URL": "http://aws.invalid"}, 4, "RecordUnavailable", ("Could not connect to the endpoint",)),
    Row("socks, local Airflow", "whoami", {"ALL_PROXY": SOCKS}, 4, "AirflowUnreachable", (NO_AIRFLOW, "make up")),
    Row("socks, the record", "list", {"ALL_PROXY": SOCKS, "HTTP_PROXY": SOCKS}, 0, None),
    Row("dead proxy, local AWS", "list", {"HTTP_PROXY": DEAD, "http_proxy": DEAD}, 0, None),
    Row("dead proxy, AWS far away", "list", {"HTTP_PROXY": DEAD, "AWS_ENDPOINT_URL": "http://aws.example"}, 4, "RecordUnavailable", ("NO_PROXY",)),
    Row("socks for AWS", "list", {"HTTP_PROXY": SOCKS, "AWS_ENDPOINT_URL": "http://aws.example"}, 4, "RecordUnavailable", ("proxy",)),
    Row("watch without a client", f"watch {UNKNOWN}", {"ALL_PROXY": SOCKS, "URL": FAR}, 2, "ExecutionNotFound", (UNKNOWN,)),
    # Certificates
    Row("no such certificates", "whoami", {"SSL_CERT_FILE": "/gone.pem", "URL": "https://airflow.example"}, 4, "AirflowUnreachable", ("SSL_CERT_FILE=/gone.pem",)),
    Row("no certificates", "whoami", {"SSL_CERT_FILE": __file__, "URL": "https://airflow.example"}, 4, "AirflowUnreachable", ("SSL_CERT_FILE",)),
    Row("no such bundle", "list", {"AWS_CA_BUNDLE": "/gone.pem", "AWS_ENDPOINT_URL": "https://127.0.0.1:9"}, 4, "RecordUnavailable", ("https://127.0.0.1:9",)),
    # Addresses
    Row("no scheme", "whoami", {"URL": "airflow.example:8080"}, 4, "AirflowUnreachable", ("airflow.example:8080", "http://")),
    Row("half an address", "whoami", {"URL": "http://[::1"}, 4, "AirflowUnreachable", ("RECOVERY_AIRFLOW_URL",)),
    Row("half an address with a password", "whoami", {"URL": f"http://bob:{SECRET}@[::1"}, 2, "UsageError", ("RECOVERY_AIRFLOW_URL (not shown)",)),
    Row("a password in the address", "whoami", {"URL": f"http://alice:{SECRET}@127.0.0.1:9/airflow/", "RECOVERY_AIRFLOW_TOKEN": ""}, 4, "AirflowUnreachable", ("http://127.0.0.1:9/airflow ",)),
    Row("AWS without scheme", "list", {"AWS_ENDPOINT_URL": "127.0.0.1:9"}, 4, "RecordUnavailable", ("AWS_ENDPOINT_URL",)),
    Row("AWS at a port of letters", "list", {"AWS_ENDPOINT_URL": "http://127.0.0.1:http"}, 4, "RecordUnavailable", ("AWS_ENDPOINT_URL",)),
    Row("AWS with a password", "list", {"AWS_ENDPOINT_URL": f"http://u:{SECRET}@127.0.0.1:9"}, 4, "RecordUnavailable", ("127.0.0.1:9",)),
    # Of AWS
    Row("unknown profile", "list", {"AWS_PROFILE": "nobody"}, 4, "RecordUnavailable", ("nobody", "AWS_PROFILE")),
    Row("empty profile", "list", {"AWS_PROFILE": " ", "RECOVERY_TABLE": "", "AWS_CA_BUNDLE": "", "HTTP_PROXY": ""}, 0, None),
    Row("no Region", "list", {"AWS_DEFAULT_REGION": "", "AWS_REGION": "eu-west-1"}, 4, "RecordUnavailable", ("RECOVERY_TABLE_REGION", "AWS_REGION")),
    Row("no credentials", "list", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 4, "RecordUnavailable", ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")),
    Row("half of the credentials", "list", {"AWS_SECRET_ACCESS_KEY": ""}, 4, "RecordUnavailable", ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY")),
    Row("no file of settings", "list", {"AWS_CONFIG_FILE": __file__}, 4, "RecordUnavailable", (__file__,)),
    # Settings
    Row("a word for a number", "whoami", {"RECOVERY_POOL_SLOTS": "many"}, 2, "UsageError", ("RECOVERY_POOL_SLOTS=many",)),
    Row("a token of two lines", "whoami", {"RECOVERY_AIRFLOW_TOKEN": f"{SECRET}\nx"}, 2, "UsageError", ("RECOVERY_AIRFLOW_TOKEN (not shown)",)),
    Row("a password of two lines", "whoami", {"RECOVERY_AIRFLOW_PASSWORD": f"{SECRET}\nx", "RECOVERY_AIRFLOW_USER": "alice", "RECOVERY_AIRFLOW_TOKEN": ""}, 2, "UsageError", ("password of 'alice' (not shown)", "RECOVERY_AIRFLOW_PASSWORD")),
    Row("a token of two lines, the record", "list", {"RECOVERY_AIRFLOW_TOKEN": f"{SECRET}\nx"}, 0, None),
    Row("a token of two lines, watching", f"watch {UNKNOWN}", {"RECOVERY_AIRFLOW_TOKEN": f"{SECRET}\nx"}, 2, "ExecutionNotFound", (UNKNOWN,)),
    Row("a token with a line break", "whoami", {"RECOVERY_AIRFLOW_TOKEN": f"{SECRET}\r\n"}, 4, "AirflowUnreachable", (NO_AIRFLOW,)),
    Row("nobody", "whoami", {"RECOVERY_AIRFLOW_TOKEN": " "}, 2, "UsageError", ("--user", "RECOVERY_AIRFLOW_USER")),
    # Command lines
    Row("no such command", "lst", {}, 2, "UsageError", ("list",)),
    Row("no such number", "list --limit 0", {}, 2, "UsageError", ("--limit",)),
    # Screens and places
    Row("a screen of no size", "list", {"COLUMNS": "²", "LINES": "²", "TERMINAL_WIDTH": "²"}, 0, None),
    Row("no home", "list", {"HOME": "", "AIRFLOW_HOME": ""}, 0, None),
    Row("a home that is not there", "whoami", {"HOME": "/gone", "AIRFLOW_HOME": "/gone", "RECOVERY_AIRFLOW_TOKEN": ""}, 2, "UsageError", ("--user",)),
]  # fmt: skip


@pytest.fixture
def surroundings(store: ExecutionStore, local_aws: Any) -> dict[str, str]:
    """Give what a person has who has all that is needed: an empty table, and an address without Airflow."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "HOME": "/",
        "AWS_ENDPOINT_URL": local_aws.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "RECOVERY_AIRFLOW_URL": NO_AIRFLOW,
        "RECOVERY_AIRFLOW_TOKEN": SECRET,
    }


def run(arguments: list[str], env: dict[str, str], **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process: forked, or wholly its own for another folder or encoding."""
    kept = {name.replace("URL", "RECOVERY_AIRFLOW_URL") if name == "URL" else name: env[name] for name in env}
    if not how:
        return forked.run(arguments, kept)
    command = [sys.executable, "-m", "drs_recovery", *arguments]
    return subprocess.run(
        command, env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **how
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_people_have_gets_a_line_an_exit_code_and_json(row: Row, surroundings: dict[str, str]) -> None:
    """Never a traceback, never a secret; a command that can do without what is missing goes on."""
    ran = run([*row.arguments, "--json"], surroundings | row.env)
    reported = f"{ran.stdout}\n{ran.stderr}"
    assert ran.returncode == row.code, reported
    assert "Traceback" not in reported
    assert SECRET not in reported
    document = json.loads(ran.stdout)
    if row.kind is None:
        assert document == {"executions": []}
        return
    assert (document["error"]["kind"], document["error"]["exitCode"]) == (row.kind, row.code)
    for word in row.texts:
        assert word in document["error"]["message"]
        assert word in ran.stderr


FORMS = {
    "as it is": SECRET,
    "with a line break": f"{SECRET}\n",
    "with blanks": f" {SECRET}\t",
    "with a line break inside": f"{SECRET}\n{SECRET}",
    "with quotes and a snowman": f"{SECRET}'\"☃",
}


COMMANDS = ["list", "whoami", "init", f"watch {UNKNOWN}"]


@pytest.mark.parametrize(
    ("command", "form"), [(command, FORMS[form]) for form, command in pairs(list(FORMS), COMMANDS, 2)]
)
def test_no_secret_is_in_any_output(command: str, form: str, surroundings: dict[str, str]) -> None:
    """All that a process is given as a secret, in every form that people paste, with a traceback asked for."""
    secrets = {
        "RECOVERY_AIRFLOW_TOKEN": form,
        "RECOVERY_AIRFLOW_PASSWORD": form,
        "AWS_SECRET_ACCESS_KEY": form,
        "AWS_SESSION_TOKEN": form,
        "AWS_ENDPOINT_URL": f"http://me:{SECRET}@127.0.0.1:9",
        "RECOVERY_AIRFLOW_URL": f"http://me:{SECRET}@127.0.0.1:9",
        "HTTPS_PROXY": f"http://me:{SECRET}@127.0.0.1:9",
        "RECOVERY_DEBUG": "1",
    }
    ran = run(command.split(), surroundings | secrets)
    assert ran.returncode in {2, 4}
    assert SECRET not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


SIGNS = [*"/#?@'", "@/"]
ADDRESSES = {
    "Airflow": ("whoami", "http://me:{}@127.0.0.1:9", {"RECOVERY_AIRFLOW_URL": "{}", "RECOVERY_AIRFLOW_TOKEN": ""}),
    "Airflow without scheme": ("whoami", "me:{}@127.0.0.1:9", {"RECOVERY_AIRFLOW_URL": "{}", "RECOVERY_AIRFLOW_TOKEN": ""}),
    "Airflow, noted": (f"watch {UNKNOWN}", "http://me:{}@127.0.0.1:9", {"RECOVERY_AIRFLOW_URL": "{}"}),
    "AWS": ("list", "http://me:{}@127.0.0.1:9", {"AWS_ENDPOINT_URL": "{}"}),
    "AWS without scheme": ("list", "me:{}@127.0.0.1:9", {"AWS_ENDPOINT_URL_DYNAMODB": "{}"}),
    "proxy of AWS": ("list", "http://me:{}@127.0.0.1:9", {"HTTP_PROXY": "{}", "AWS_ENDPOINT_URL": "http://aws.example"}),
    "proxy of AWS, a port": ("init", "http://me:1{}@127.0.0.1:9", {"HTTP_PROXY": "{}", "AWS_ENDPOINT_URL": "http://aws.example"}),
    "proxy of Airflow": ("whoami", "me:{}@127.0.0.1:9", {"ALL_PROXY": "{}", "RECOVERY_AIRFLOW_URL": FAR}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "sign"), pairs(list(ADDRESSES), SIGNS, 2))
def test_no_part_of_a_password_in_an_address_is_reported(
    kind: str, sign: str, surroundings: dict[str, str]
) -> None:
    """Whatever is in it that a URL writes otherwise, and whatever a library takes for its port."""
    command, address, env = ADDRESSES[kind]
    given = address.format(f"hu9{sign}z8nter7q")
    ran = run([*command.split(), "--json"], surroundings | {k: it.format(given) for k, it in env.items()})
    assert ran.returncode in {2, 4}
    assert json.loads(ran.stdout)["error"]["message"]
    for part in ("hu9", "z8nter7q"):
        assert part not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


SHELL = {
    "a full disk": ("check dags/plans > /dev/full", 5, "No space left on device"),
    "a full disk, JSON": ("check dags/plans --json > /dev/full", 5, "No space left on device"),
    "no output": ("check dags/plans >&-", 5, "Bad file descriptor"),
    "a full disk for an error": ("check gone --json > /dev/full", 2, "no such file"),
    "nowhere to complain": ("check gone 2> /dev/full", 2, ""),
    "no standard error": ("check gone 2>&-", 2, ""),
    "no input": ("whoami <&-", 2, "--user"),
    "a reader that goes": ("check tests/plans/invalid | true; exit ${PIPESTATUS[0]}", 141, ""),
    "a reader of the help that goes": ("--help | true; exit ${PIPESTATUS[0]}", 141, ""),
    "a folder that is gone": ("check; cd /", 2, "dags/plans: no such file"),
}


@pytest.mark.parametrize(("line", "code", "texts"), SHELL.values(), ids=SHELL)
def test_output_that_cannot_be_written_is_reported_where_it_can(
    line: str, code: int, texts: str, tmp_path: Path
) -> None:
    """With an exit code that no script takes for success, and without a word of Python's."""
    folder = tmp_path / "gone"
    folder.mkdir()
    leave = f"cd '{folder}' && rmdir '{folder}' && " if line.startswith("check;") else ""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include")}
    ran = subprocess.run(
        ["bash", "-c", f"{leave}{shlex.quote(sys.executable)} -m drs_recovery {line}".replace("; cd /", "")],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert texts in ran.stderr
    for python in ("Traceback", "Exception ignored", "Error:"):
        assert python not in ran.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_lossless_and_people_lose_nothing_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    """In a folder with blanks and letters of two scripts, with a plan that holds a third."""
    folder = tmp_path / "Plän e 計画"
    folder.mkdir()
    plan = folder / "shop.yaml"
    plan.write_text("näme 🚀: x\n", encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include")}
    ran = run(["check", str(plan), "--json"], env | {"PYTHONIOENCODING": encoding}, encoding=encoding)
    assert ran.returncode == 1
    (found,) = [it for it in json.loads(ran.stdout)["problems"] if "unknown key" in it["message"]]
    assert found["file"] == str(plan)
    assert "'näme 🚀'" in found["message"]
    shown = run(["check", str(plan)], env | {"PYTHONIOENCODING": encoding}, encoding=encoding).stdout
    spelt = {"ascii": "n\\xe4me \\U0001f680", "latin-1": "näme \\U0001f680", "utf-8": "näme 🚀"}[encoding]
    assert f"unknown key '{spelt}'" in shown


def test_a_checkout_with_blanks_and_letters_in_its_path_works(tmp_path: Path) -> None:
    """Where people keep their work."""
    place = tmp_path / "Mes documents, été"
    place.mkdir()
    for name in ("include", "dags"):
        (place / name).symlink_to(ROOT / name)
    ran = run(["check"], {"PATH": os.environ["PATH"], "PYTHONPATH": str(place / "include")}, cwd=place)
    assert ran.returncode == 0, ran.stderr
    assert "web_shop" in ran.stdout
