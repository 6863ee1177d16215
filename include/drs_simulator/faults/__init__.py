"""Faults on demand: faulty responses to calls, servers that fail to launch, jobs that hide."""

from drs_simulator.faults.descriptions import CallFault as CallFault
from drs_simulator.faults.descriptions import DocumentFault as DocumentFault
from drs_simulator.faults.descriptions import FaultDescriptions as FaultDescriptions
from drs_simulator.faults.descriptions import JobFault as JobFault
from drs_simulator.faults.descriptions import ServerFault as ServerFault
from drs_simulator.faults.registry import Faults as Faults
from drs_simulator.faults.registry import SetFault as SetFault
from drs_simulator.faults.registry import faults as faults
