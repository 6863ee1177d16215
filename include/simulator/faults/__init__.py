"""Faults on demand: calls that are spoiled, servers that fail to launch, jobs that hide."""

from simulator.faults.descriptions import CallFault as CallFault
from simulator.faults.descriptions import DocumentFault as DocumentFault
from simulator.faults.descriptions import FaultDescriptions as FaultDescriptions
from simulator.faults.descriptions import JobFault as JobFault
from simulator.faults.descriptions import ServerFault as ServerFault
from simulator.faults.registry import Faults as Faults
from simulator.faults.registry import SetFault as SetFault
from simulator.faults.registry import faults as faults
