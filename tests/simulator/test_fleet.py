"""Fleets: files that say what DRS replicates."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drs_simulator.fleet import NAMED, Fleet, FleetError, fleet_file, read_fleet

HEAD = "account: '123456789012'\nregion: eu-west-1\n"
NEW = "id: s-000000000000db001, hostname: a"
ONE = "{id: s-000000000000db001, hostname: db-1}"


def _written(tmp_path, text):
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    return path


def _read(tmp_path, text):
    return read_fleet(_written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"account: '1'\nregion: eu-west-1\nservers: [{ONE}]", r"1:10: account: '1': .*\{12\}"),
        (
            f"account: '123456789012'\nregion: eu-west-9\nservers: [{ONE}]",
            r"2:9: region: 'eu-west-9': .*eu-w",
        ),
        (f"{HEAD}servers: [{ONE}, {ONE}]", r"1:1: file: each id once, not s-0+db001"),
        (
            f"{HEAD}servers: [{ONE}]\nelsewhere:\n- {HEAD.replace(chr(10), f'{chr(10)}  ')}servers: []",
            r"each account and Region once, not 123456789012 eu-west-1",
        ),
        (f"{HEAD}servers:\n- {{id: s-1, hostname: a}}", r"4:8: servers\.0\.id: 's-1': allowed is s-\["),
        (
            f"{HEAD}server: []",
            r"3:1: server: allowed are account, region, networks, functions, hosted_zones, servers",
        ),
        (f"{HEAD}servers:\n- id: s-000000000000db001", r"4:3: servers\.0\.hostname: is required"),
        (
            f"{HEAD}servers:\n- id: s-000000000000db001\n  hostname: a\n  tag: {{}}",
            r"6:3: servers\.0\.tag: allowed are count, id, hostname",
        ),
        (
            f"{HEAD}servers:\n- id: s-000000000000db001\n  hostname: a\n  replication:\n    state: LOST",
            r"7:12: servers\.0\.replication\.state: 'LOST': .*'STALLED'",
        ),
        (
            f"{HEAD}servers:\n- {{{NEW}, replication: {{state: INITIAL_SYNC, lag_seconds: 60}}}}",
            r"4:90: servers\.0\.replication\.lag_seconds: 60: allowed with the state INITIAL_SYNC is 0",
        ),
        (
            f"{HEAD}servers:\n- {{{NEW}, replication: {{lag_seconds: 2592001}}}}",
            r"4:69: servers\.0\.replication\.lag_seconds: 2592001: allowed is less than or equal to 2592000",
        ),
        (
            f"{HEAD}servers:\n- {{count: 2, id: s-000000000000db001, hostname: a}}",
            r"4:18: servers\.0\.id: .*need \{n\}",
        ),
        (
            f"{HEAD}servers:\n- {{count: 10, id: 's-0000000000000000{{n}}', hostname: a}}",
            r"servers\.0\.id: .*not s-000000000000000010",
        ),
        (
            f"{HEAD.replace(chr(39), '')}servers: []",
            r"1:10: account: 123456789012: allowed is text, in quotes",
        ),
        (f"{HEAD}servers: {{a: b}}", r"3:10: servers: allowed is a list"),
        (
            f"{HEAD}servers:\n- {{id: s-1, hostname: a, cores: two}}",
            r"cores: 'two': allowed is a whole number",
        ),
        (
            f"{HEAD}servers:\n- {{id: s-000000000000db001, hostname: a, snapshot_days: 366}}",
            r"snapshot_days: 366: allowed is less than or equal to 365",
        ),
        (
            f"{HEAD}servers: []\ndocuments: [{{name: Restart}}, {{name: Restart}}]",
            r"each document once, not Restart",
        ),
        (
            f"{HEAD}servers: []\ndocuments: [{{name: Restart, status: Lost}}]",
            r"4:37: documents\.0\.status: 'Lost': allowed is 'Success', 'Failed'",
        ),
        (
            f"{HEAD}servers:\n- {{id: s-000000000000db001, hostname: a, origin_region: eu-west-9}}",
            r"4:57: servers\.0\.origin_region: 'eu-west-9': allowed are the Regions that have EC2: ",
        ),
        (
            f"{HEAD}servers:\n- {{id: s-000000000000db001, hostname: a, origin_tags: {{a: b}}}}",
            r"4:55: servers\.0\.origin_tags: .*allowed with origin_region",
        ),
        ("account: [", r"1:11: not YAML: while parsing"),
        ("a: 1\na: 2", r"2:1: not YAML: .*duplicate key"),
        ("[" * 5000, r"1:1: nested too deeply"),
        ("", "1:1: file: None: allowed is a mapping"),
    ],
    ids=[
        "account",
        "region",
        "repeated id",
        "repeated place",
        "id",
        "unknown key",
        "absent key",
        "unknown key of a server",
        "state",
        "lag of no data",
        "data older than the server",
        "count without numbers",
        "numbers that grow",
        "number for text",
        "mapping for list",
        "text for number",
        "days",
        "repeated document",
        "status of a document",
        "Region of no EC2",
        "tags of no instance",
        "no YAML",
        "repeated key",
        "nesting",
        "empty",
    ],
)
def test_a_fleet_that_cannot_be_read_is_refused_with_file_line_and_column(tmp_path, text, message):
    """The message has file, line, column, keys, the value and what is allowed."""
    with pytest.raises(FleetError, match=message) as refused:
        _read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'fleet.yaml'}:")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    """The message has the file and the byte."""
    path = tmp_path / "fleet.yaml"
    path.write_bytes(b"account: \xff")
    with pytest.raises(FleetError, match=r"fleet\.yaml: byte 9: a fleet is UTF-8"):
        read_fleet(path)


def test_a_region_without_drs_is_refused():
    """The message names the Regions there are."""
    with pytest.raises(ValidationError, match=r"allowed are .*eu-west-1"):
        Fleet(account="123456789012", region="eu-west-9", servers=())


def test_a_count_makes_numbered_servers(tmp_path):
    """Ids, hostnames and tags have the number, with as many digits as are asked for."""
    text = (
        "{count: 12, id: 's-00000000000web{n:03}', hostname: 'web-{n}', tags: {Name: 'w{n:02}', Tier: web}}"
    )
    servers = _read(tmp_path, f"{HEAD}servers:\n- {text}\n- {ONE}").servers
    assert len(servers) == 13
    assert (servers[0].id, servers[0].hostname, servers[0].tags["Name"]) == (
        "s-00000000000web001",
        "web-1",
        "w01",
    )
    assert (servers[11].id, servers[11].hostname, servers[11].tags) == (
        "s-00000000000web012",
        "web-12",
        {"Name": "w12", "Tier": "web"},
    )


def test_the_large_fleet_has_4000_servers_and_is_the_same_each_time():
    """It is selected by its name; a second Region is beside it."""
    fleet = read_fleet(fleet_file("large"))
    assert fleet == read_fleet(NAMED / "large.yaml")
    assert len(fleet.servers) == 4000
    assert [(place.region, len(place.servers)) for place in fleet.elsewhere] == [("eu-central-1", 20)]
    assert {s.replication.state for s in fleet.servers} == {"CONTINUOUS", "STALLED", "INITIATING"}
