"""The dates that EC2 shows of what DRS did: those of DRS's jobs, whenever somebody looks.

moto dates a thing when it is asked for it. Nothing happens by itself here, so that is the moment of the first
look, minutes after the job's end where nobody looked earlier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .world import world

if TYPE_CHECKING:
    from datetime import datetime

    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance


def moment(at: float) -> datetime:
    """Return the date of a simulated second as moto's EC2 keeps dates."""
    return world.clock.date(at).replace(tzinfo=None)


def date_launch(ec2: EC2Backend, instance: Instance, at: float) -> None:
    """Date an instance, with its interfaces and volumes, by the second at which it was launched."""
    date_start(instance, at)
    for interface in instance.nics.values():
        interface.attach_time = moment(at)
    for mapping in instance.block_device_mapping.values():
        volume = ec2.volumes[mapping.volume_id]
        volume.create_time = mapping.attach_time = moment(at)
        if volume.attachment:
            volume.attachment.attach_time = moment(at)


def date_start(instance: Instance, at: float) -> None:
    """Date an instance by the second of its last start, which is what EC2 calls its launch time."""
    instance.launch_time = moment(at)


def date_end(instance: Instance, at: float) -> None:
    """Date by a second that an instance was stopped or terminated."""
    instance._reason = f"User initiated ({moment(at):%Y-%m-%d %H:%M:%S} UTC)"  # noqa: SLF001 - moto's only place
