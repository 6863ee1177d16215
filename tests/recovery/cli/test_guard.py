"""At any width all is said, whatever a command raises is a line, and only what must goes through a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from drs_recovery.cli.commands import listing
from drs_recovery.cli.exits import UsageError, settings_problem
from drs_recovery.cli.proxies import is_near, proxy_for
from drs_recovery.cli.secrets import hide, remember
from drs_recovery.cli.surroundings import NEAR
from drs_recovery.settings import Settings
from tests.recovery.cli.cli_surroundings import document, recovery

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from tests.recovery.cli.execution_story import Story

VARIABLES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def squeezed(text: str) -> str:
    """Return a text without what a width changes."""
    return "".join(text.split())


@pytest.mark.parametrize("columns", ["0", "1", "20", "39", "79", "1000", "99999", "wide", "-3", ""])
def test_at_any_width_a_list_and_a_record_say_all(
    story: Callable[..., Story], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """What is wider than the screen is broken by the terminal, and nothing is left out or cut short."""
    reported = story().to_the_end()
    monkeypatch.setenv("COLUMNS", columns)
    listed, shown = recovery("list").stdout, recovery("show", reported.id).stdout
    record = document("show", reported.id)
    for text in (listed, shown):
        for word in (reported.id[:8], "web_shop", "DRILL", "COMPLETED", record["execution"]["requestedBy"]):
            assert word in squeezed(text)
        assert "…" not in text
    assert all(server["recoveryInstanceId"] in squeezed(shown) for server in record["servers"])


def test_what_nobody_foresaw_is_a_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 5, the kind in JSON, and no secret of the error; the traceback where it is asked for."""

    def fail(*_: Any) -> None:
        raise KeyError("wonderland-7")

    remember("wonderland-7")
    monkeypatch.setattr(listing, "list_executions", fail)
    result = recovery("list", "--json")
    assert result.exit_code == 5
    assert document("list")["error"] == {
        "kind": "Broken",
        "message": "KeyError: '***'. This is a bug; RECOVERY_DEBUG=1 shows where.",
        "exitCode": 5,
    }
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("RECOVERY_DEBUG", "1")
    debugged = recovery("list").stderr
    assert "Traceback" in debugged
    assert "wonderland-7" not in debugged


def test_an_interrupted_command_says_so_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """One document, whatever happens."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "list_executions", stop)
    assert recovery("list", "--json").exit_code == 130
    assert document("list")["error"]["kind"] == "Interrupted"


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "127.1.2.3", "airflow.localhost", "169.254.169.254"]
)
def test_this_machine_is_reached_through_no_proxy(
    variable: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what is on the link itself."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://proxy:3128")
    assert proxy_for(f"http://{host}/") is None
    scheme = "https" if variable.lower() == "https_proxy" else "http"
    assert proxy_for(f"{scheme}://airflow.example/") == (variable, "http://proxy:3128")


def test_a_name_that_only_looks_near_is_far() -> None:
    """Such a host is somebody else's; what the libraries are shown is near is near for Airflow too."""
    assert all(is_near(host.strip("[]")) for host in NEAR)
    assert not any(map(is_near, ("127.0.0.1.example.com", "localhost.example", "10.0.0.1", "")))


@pytest.mark.parametrize(
    "text",
    [
        "http://alice:pass-word@host/x",
        "Invalid header value b'pass-word\\n'",
        "https://me:p%40ss@h, and https://other:x@h",
        'proxy "socks5://me:pass-word@h"',
        "http://me:pass'word/p%40ss@h",
        'it is "http://me:p%40ss/x#?@:x@h"',
        "http://me:pass'@p%40ss/pass-word@h",
        "of-a-page, and an@of/a-proxy",
    ],
)
def test_a_secret_is_hidden_however_it_is_written(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As itself, as errors quote it, and as a URL holds it."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "pass-word\n")
    monkeypatch.setenv("PAGE_URL", "http://me:of-a-page@h/x?to=a@b")
    monkeypatch.setenv("FTP_PROXY", "http://me:an@of/a-proxy@h")
    hidden = hide(text)
    assert "***" in hidden
    for secret in ("pass-word", "pass'", "p%40ss", ":x@", "of-a-page", "a-proxy"):
        assert secret not in hidden


def test_a_word_that_is_no_secret_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of local AWS is in everybody's environment, and a plan may be named so."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    assert hide("no plan 'testing_shop' at http://127.0.0.1/x?to=a@b") == (
        "no plan 'testing_shop' at http://127.0.0.1/x?to=a@b"
    )


def test_who_signs_in_may_stand_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken from there, since the address is shown; a variable of its own goes first."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", " https://al%40ice:won%3Aderland@airflow.example:8443/af ")
    known = Settings()
    assert known.airflow_url == "https://airflow.example:8443/af"
    assert (known.airflow_user, known.airflow_password) == ("al@ice", "won:derland")
    monkeypatch.setenv("RECOVERY_AIRFLOW_USER", "bob")
    assert Settings().airflow_user == "bob"


@pytest.mark.parametrize(
    "url", [f"http://alice:pa{sign}ssW0rd@airflow.example" for sign in "/#?"] + ["alice:ssW0rd@host"]
)
def test_an_address_whose_user_information_has_no_end_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without quoting it, and with what to write instead: it would be shown, and stand in links of gates."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", url)
    with pytest.raises(ValidationError, match="%2F") as refused:
        Settings()
    problem = settings_problem(refused.value)
    assert isinstance(problem, UsageError)
    assert "RECOVERY_AIRFLOW_URL (not shown)" in str(problem)
    for reported in (str(refused.value), str(problem)):
        assert "ssW0rd" not in reported
        assert "%23" in reported


def test_a_password_in_an_address_is_that_of_its_user_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else is named is asked for their own."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", "http://alice:of-alice@127.0.0.1:9")
    monkeypatch.setenv("RECOVERY_AIRFLOW_USER", "bob")
    assert (Settings().airflow_user, Settings().airflow_password) == ("bob", None)
    monkeypatch.setenv("RECOVERY_AIRFLOW_USER", " alice ")
    assert (Settings().airflow_user, Settings().airflow_password) == ("alice", "of-alice")
    monkeypatch.setenv("RECOVERY_AIRFLOW_PASSWORD", "of-a-variable")
    assert Settings().airflow_password == "of-a-variable"
    monkeypatch.delenv("RECOVERY_AIRFLOW_PASSWORD")
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", "http://:of-nobody@127.0.0.1:9")
    assert Settings().airflow_password is None


def test_a_problem_of_several_settings_is_reported_too() -> None:
    """Pydantic gives it no place."""

    class Odd(Settings):
        model_config = SettingsConfigDict(title="Settings")

        @model_validator(mode="after")
        def _fits(self) -> Self:
            raise ValueError("they do not fit together")

    with pytest.raises(ValidationError) as refused:
        Odd()
    assert "they do not fit together" in str(settings_problem(refused.value))


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_an_empty_variable_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting keeps its default."""
    monkeypatch.delenv("RECOVERY_AIRFLOW_URL", raising=False)
    monkeypatch.setenv(f"RECOVERY_{name.upper()}", "")
    assert getattr(Settings(), name) == Settings.model_fields[name].default
