"""Instances by id in EC2: what moto's own methods find, these do too."""

from __future__ import annotations

import pytest
from moto import mock_aws
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import EC2Backend

from drs_simulator import ec2 as mended
from drs_simulator.registration import register

register()


@pytest.fixture(scope="module")
def backend():
    """Give a backend with three instances in two reservations."""
    with mock_aws():
        made = EC2Backend("eu-west-1", "123456789012")
        for count in (1, 2):
            made.run_instances("ami-12345678", count, None, [], is_instance_type_default=True)
        yield made


@pytest.fixture
def ids(backend):
    """Give their ids, of which the first one is not the first."""
    return [instance.id for instance in backend.all_instances()][::-1]


def test_get_multi_instances_by_id__in_the_order_asked_for(backend, ids):
    original = mended.replaced["InstanceBackend.get_multi_instances_by_id"]
    for wanted in (ids, ids[:1], ids[:2] * 2, []):
        found = backend.get_multi_instances_by_id(wanted)
        assert [instance.id for instance in found] == wanted
        assert found == original(backend, wanted)
    filters = [{"name": "instance-state-name", "values": ["running"]}]
    backend.stop_instances(ids[:1])
    assert len(original(backend, ids, filters)) == 2
    assert backend.get_multi_instances_by_id(ids, filters) == original(backend, ids, filters)
    with pytest.raises(InvalidInstanceIdError, match="i-other"):
        backend.get_multi_instances_by_id([*ids, "i-other"])


def test_get_instance__by_id(backend, ids):
    for wanted in ids:
        found = backend.get_instance(wanted)
        assert found is backend.get_instance_by_id(wanted)
        assert found is mended.replaced["InstanceBackend.get_instance"](backend, wanted)
    assert backend.get_instance_by_id("i-other") is None
    with pytest.raises(InvalidInstanceIdError, match="i-other"):
        backend.get_instance("i-other")
