"""A template names what is documented and nothing else; what others say is never one (invariant 17)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drs_recovery.errors import TemplateRefused
from drs_recovery.plan.template_names import OF_A_PLAN, OF_A_SERVER, OF_A_WAVE, complaint_of
from drs_recovery.plan.templates import render, texts_in
from tests.hostile import EXAMPLES

ONE = {"id": "s-1", "hostname": "db1", "private_ip": "10.0.0.1", "launch_status": "LAUNCHED"}
OTHER = {"id": "s-2", "hostname": "db2", "private_ip": "10.0.0.2", "launch_status": "FAILED"}
CONTEXT: dict[str, Any] = {
    "plan": {"id": "shop", "name": "Shop", "owner": "team"},
    "execution": {"id": "e-1", "type": "DRILL"},
    "wave": {"name": "Database", "attempt": 1, "region": "eu-west-1"},
    "servers": [ONE, OTHER],
    "server": ONE,
}
ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ plan.__class__ }}",
    "{{ plan['__class__'] }}",
    "{{ plan.items }}",
    "{{ servers.append }}",
    "{{ servers | map(attribute='__class__') | list }}",
    "{{ servers | map(attribute='hostname.__class__') | list }}",
    "{{ servers | selectattr('__init__.__globals__') | list }}",
    "{{ servers | sort(attribute='__class__.__mro__') }}",
    "{{ plan | attr('__class__') }}",
    "{{ plan.name.format(plan) }}",
    "{{ '{0.__class__}' | format(plan) }}",
    "{{ '%s' % plan }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ range(999999) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ namespace }}",
    "{% for s in servers %}{{ loop.__class__ }}{% endfor %}",
    "{% for s in servers %}{{ loop._iterator }}{% endfor %}",
    "{% for s in servers recursive %}{{ loop(servers) }}{% endfor %}",
    "{% macro m() %}x{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'base' %}",
    "{% set servers = [] %}",
    "{% with a = plan %}{{ a.__class__ }}{% endwith %}",
    "{{ 'x' * 999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ conn.aws_default.get_uri() }}",
    "{{ var.value.secret }}",
    "{{ params }}",
    "{{ macros.os }}",
    "{{ dag_run.conf }}",
    "{{ ti }}",
    "{{ environ }}",
)


@pytest.mark.parametrize("escape", ESCAPES)
def test_nothing_leads_out_of_the_sandbox(escape: str) -> None:
    """Not by attributes, filters, calls, globals, statements or what Airflow has in its own templates."""
    with pytest.raises(TemplateRefused):
        render(escape, CONTEXT)


@pytest.mark.parametrize("said", EXAMPLES)
def test_what_others_say_is_data_and_never_a_template(said: str) -> None:
    """Wherever it stands in the context, alone or beside other text, and also where it is passed on twice."""
    server = {"id": said, "hostname": said, "name": said, "recovery_instance_id": said, "private_ip": said}
    context = {
        "plan": {"id": said, "name": said, "owner": said},
        "execution": {"id": said, "reason": said, "requested_by": said, "url": said},
        "wave": {"name": said},
        "servers": [server],
        "server": server,
    }
    asked = [f"{of}.{key}" for of in ("plan", "execution", "wave", "server") for key in context[of]]
    asked += [f"servers[0].{key}" for key in server]
    for name in asked:
        assert render(f"{{{{ {name} }}}}", context) == said
        assert render(f"<{{{{ {name} }}}}>", context) == f"<{said}>"
    assert render("{{ servers | map(attribute='name') | list }}", context) == [said]
    assert render("{% for one in servers %}{{ one.name }}{% endfor %}", context) == said


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("no template", "no template"),
        ("{{ plan.name }}: {{ execution.type }}", "Shop: DRILL"),
        ("{{ servers | map(attribute='private_ip') | list }}", ["10.0.0.1", "10.0.0.2"]),
        ("{{ servers | map(attribute='private_ip') }}", ["10.0.0.1", "10.0.0.2"]),
        ("{{ servers | selectattr('launch_status', 'eq', 'LAUNCHED') | map(attribute='id') }}", ["s-1"]),
        ("{% for s in servers %}{{ loop.index }}={{ s.id }};{% endfor %}", "1=s-1;2=s-2;"),
        ("{{ server.name | default(server.hostname) }}", "db1"),
        ("{{ wave.attempt }}", 1),
        ("{{ plan.items is defined or servers.append is defined or plan.name.upper is defined }}", False),
        ("attempt {{ wave.attempt }}\n", "attempt 1\n"),
        ("{{ server | tojson }}", json.dumps(ONE)),
    ],
)
def test_a_template_becomes_what_it_says(template: str, value: Any) -> None:
    """One expression alone keeps the type of its value, all else becomes text."""
    assert render(template, CONTEXT) == value


def test_plain_data_is_rendered_to_its_depth_and_its_keys_are_no_templates() -> None:
    """Numbers and booleans stay what they are."""
    data = {"{{ plan.id }}": ["{{ plan.id }}", {"deep": ("{{ server.id }}", 3, True)}]}
    assert render(data, CONTEXT) == {"{{ plan.id }}": ["shop", {"deep": ["s-1", 3, True]}]}
    assert [place for place, _ in texts_in(data)] == [("{{ plan.id }}", 0), ("{{ plan.id }}", 1, "deep", 0)]


def test_a_name_for_a_shell_is_one_word_of_it() -> None:
    """A hostname is what somebody else chose: in a command it is quoted by the filter `shell`."""
    context = {"server": {"hostname": "db1; rm -rf /"}}
    assert render("systemctl stop {{ server.hostname | shell }}", context) == "systemctl stop 'db1; rm -rf /'"


@pytest.mark.parametrize(
    "template",
    ["{{ server.name }}", "at {{ server.name }}", "{{ servers }} x", "{{ none }}", "{{ server.id + 1 }}"],
)
def test_what_is_not_known_or_no_text_is_refused(template: str) -> None:
    """An address that is not there yet never becomes `None`, nor a list the way Python shows it."""
    with pytest.raises(TemplateRefused):
        render(template, CONTEXT)


def test_a_template_that_becomes_too_much_is_refused() -> None:
    """By the text of it, alone or not."""
    context = {"plan": {"name": "x" * 60_000}}
    for template in ("{{ plan.name ~ plan.name }}", "{{ plan.name }}{{ plan.name }}"):
        with pytest.raises(TemplateRefused, match="120000 characters"):
            render(template, context)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        (
            "{{ pln.name }}",
            "'pln' is not known here; did you mean 'plan'? known are plan, execution, servers, wave",
        ),
        ("{{ plan.nme }}", "'nme' is not known here; did you mean 'name'? known are id, name, owner"),
        ("{{ servers[0].ip }}", "'ip' is not known here"),
        ("{{ (servers | first).ip }}", "'ip' is not known here"),
        ("{{ servers | map(attribute='ip') | list }}", "'ip' is not known here"),
        ("{{ servers | selectattr('ip') | list }}", "'ip' is not known here"),
        ("{% for s in servers %}{{ s.ip }}{% endfor %}", "'ip' is not known here"),
        ("{{ server.id }}", "'server' is not known here"),
        ("{{ conn.x }}", "'conn' is not known here"),
        ("{{ plan.name", "'{{ plan.name' is no template"),
        ("{{ plan.name | nope }}", "the filter 'nope' is not allowed"),
        ("{{ plan is callable }}", "the test 'callable' is not allowed"),
        ("{{ plan.get('x') }}", "Call is not allowed"),
        ("{{" + "(" * 3000 + ")" * 3000 + "}}", "is no template"),
    ],
)
def test_check_says_what_can_be_known_beforehand(template: str, complaint: str) -> None:
    """An undefined name, also of a member of a list, is an error of `recovery check`."""
    assert complaint in str(complaint_of(template, OF_A_WAVE))


def test_a_server_is_known_in_checks_and_a_wave_in_waves() -> None:
    """Each place has the context that is documented for it."""
    assert complaint_of("{{ server.private_ip }}", OF_A_SERVER) is None
    assert complaint_of("{{ wave.region }}", OF_A_WAVE) is None
    assert "'wave' is not known" in str(complaint_of("{{ wave.name }}", OF_A_PLAN))
