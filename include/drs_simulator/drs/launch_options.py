"""What a launch template asks of an instance type, a host or a reservation, and what it may not ask.

What a type can do is as moto has it from DescribeInstanceTypes. Of licenses, kernels, capacity reservations
and placement groups moto has none: each that is named is one that is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.iam.models import iam_backends

from . import ec2_option_refusals as refusals

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance

    from .launch_template import Data

Type = dict[str, Any]
CREDITS = ("standard", "unlimited")
TENANCIES = ("default", "dedicated", "host")
TAGGABLE = ("instance", "volume", "network-interface", "spot-instances-request")
HOPS = range(1, 65)


def check_options(ec2: EC2Backend, data: Data, wanted: str, volumes: list[Data]) -> None:
    """Raise what EC2 says of options that an instance of a type, with these volumes, cannot have."""
    known = INSTANCE_TYPES[wanted]
    _check_gone(data)
    _check_profile(ec2, data)
    _check_cpu(known, data)
    _check_capacity(known, data)
    _check_protection(known, data, volumes)
    for interface in data.get("NetworkInterfaces") or []:
        _check_interface(known, interface)
    hops = (data.get("MetadataOptions") or {}).get("HttpPutResponseHopLimit")
    if hops is not None and int(hops) not in HOPS:
        raise refusals.invalid("HttpPutResponseHopLimit", hops)
    for specification in data.get("TagSpecifications") or []:
        if specification["ResourceType"] not in TAGGABLE:
            raise refusals.not_taggable(specification["ResourceType"])


def _check_gone(data: Data) -> None:
    """Raise what EC2 says of what there is no more, or never was in this account."""
    for member in ("KernelId", "RamDiskId"):
        if image_id := data.get(member):
            raise refusals.unknown_image(image_id)
    if licenses := data.get("LicenseSpecifications"):
        raise refusals.unknown_license(licenses[0].get("LicenseConfigurationArn"))
    for member in ("ElasticGpuSpecifications", "ElasticInferenceAccelerators"):
        if data.get(member):
            raise refusals.no_longer_there(member)
    if data.get("InstanceRequirements"):
        raise refusals.requirements_beside_type()


def _check_profile(ec2: EC2Backend, data: Data) -> None:
    profile = data.get("IamInstanceProfile") or {}
    if profile.get("Name") and profile.get("Arn"):
        raise refusals.profile_twice()
    for known in iam_backends[ec2.account_id][ec2.partition].instance_profiles.values():
        if {known.name, known.arn} & {profile.get("Name"), profile.get("Arn")} and not known.roles:
            raise refusals.profile_without_role(known.arn)


def _check_cpu(known: Type, data: Data) -> None:
    name, cpu = known["InstanceType"], data.get("CpuOptions") or {}
    cores, threads = cpu.get("CoreCount"), cpu.get("ThreadsPerCore")
    if (cores is None) is not (threads is None):
        raise refusals.half_of_cpu_options()
    valid = known["VCpuInfo"]
    if cores is not None and int(cores) not in valid.get("ValidCores", [valid.get("DefaultCores")]):
        raise refusals.not_of_type("CoreCount", cores, name)
    usual = [valid.get("DefaultThreadsPerCore")]
    if threads is not None and int(threads) not in valid.get("ValidThreadsPerCore", usual):
        raise refusals.not_of_type("ThreadsPerCore", threads, name)
    features = known["ProcessorInfo"].get("SupportedFeatures", [])
    for member, feature in (("AmdSevSnp", "amd-sev-snp"), ("NestedVirtualization", "nested-virtualization")):
        if cpu.get(member) == "enabled" and feature not in features:
            raise refusals.not_of_type(member, "enabled", name)
    credit = (data.get("CreditSpecification") or {}).get("CpuCredits")
    if credit and not known["BurstablePerformanceSupported"]:
        raise refusals.no_credits(name)
    if credit and credit not in CREDITS:
        raise refusals.invalid("CpuCredits", credit)


def _check_capacity(known: Type, data: Data) -> None:
    capacity = data.get("CapacityReservationSpecification") or {}
    target = capacity.get("CapacityReservationTarget") or {}
    for named in ("CapacityReservationId", "CapacityReservationResourceGroupArn"):
        if target.get(named):
            raise refusals.unknown_reservation(target[named])
    if capacity.get("CapacityReservationPreference") == "capacity-reservations-only":
        raise refusals.no_reserved_capacity()
    market = (data.get("InstanceMarketOptions") or {}).get("MarketType") or "on-demand"
    if market in ("capacity-block", "interruptible-capacity-reservation"):
        raise refusals.no_reserved_capacity()
    if market not in known["SupportedUsageClasses"]:
        raise refusals.not_of_type("MarketType", market, known["InstanceType"])


def _check_protection(known: Type, data: Data, volumes: list[Data]) -> None:
    """Raise what EC2 says of hibernation, enclaves, and bandwidth that a type does not have."""
    name = known["InstanceType"]
    hibernates = (data.get("HibernationOptions") or {}).get("Configured")
    if hibernates and not known["HibernationSupported"]:
        raise refusals.no_hibernation(name)
    if hibernates and not volumes[0]["Ebs"].get("Encrypted"):
        raise refusals.hibernation_unencrypted()
    enclave = (data.get("EnclaveOptions") or {}).get("Enabled")
    if enclave and hibernates:
        raise refusals.enclave_that_hibernates()
    if enclave and known.get("NitroEnclavesSupport") != "supported":
        raise refusals.not_of_type("EnclaveOptions", "Enabled", name)
    if data.get("EbsOptimized") and known["EbsInfo"]["EbsOptimizedSupport"] == "unsupported":
        raise refusals.not_of_type("EbsOptimized", "true", name)
    weighting = (data.get("NetworkPerformanceOptions") or {}).get("BandwidthWeighting") or "default"
    if weighting not in ("default", *known["NetworkInfo"].get("BandwidthWeightings", [])):
        raise refusals.not_of_type("BandwidthWeighting", weighting, name)
    if data.get("SecondaryInterfaces"):  # moto has no secondary subnets
        raise refusals.not_of_type("SecondaryInterfaces", data["SecondaryInterfaces"][0], name)


def _check_interface(known: Type, interface: Data) -> None:
    name, network = known["InstanceType"], known["NetworkInfo"]
    kind = interface.get("InterfaceType") or "interface"
    if kind not in ("interface", *(["efa", "efa-only"] if network["EfaSupported"] else [])):
        raise refusals.not_of_type("InterfaceType", kind, name)
    if int(interface.get("NetworkCardIndex") or 0) >= network["MaximumNetworkCards"]:
        raise refusals.not_of_type("NetworkCardIndex", interface["NetworkCardIndex"], name)
    if interface.get("AssociateCarrierIpAddress"):  # moto has no Wavelength Zones
        raise refusals.no_carrier_address()
    if (interface.get("EnaSrdSpecification") or {}).get("EnaSrdEnabled") and not network["EnaSrdSupported"]:
        raise refusals.not_of_type("EnaSrdEnabled", "true", name)
    if interface.get("EnaQueueCount") and network["FlexibleEnaQueuesSupport"] != "supported":
        raise refusals.not_of_type("EnaQueueCount", interface["EnaQueueCount"], name)
    if any(interface.get(f"{p}{s}") for p in ("Ipv4Prefix", "Ipv6Prefix") for s in ("es", "Count")):
        raise refusals.no_free_prefix()  # moto has no prefixes


def check_placement(ec2: EC2Backend, data: Data, wanted: str, zone: str) -> None:
    """Raise what EC2 says of a tenancy or a host that cannot be had in a zone."""
    placement = data.get("Placement") or {}
    tenancy, host_id = placement.get("Tenancy") or "default", placement.get("HostId")
    if tenancy not in TENANCIES:
        raise refusals.invalid("tenancy", tenancy)
    for member in ("affinity", "hostId"):
        if placement.get(member[0].upper() + member[1:]) and tenancy != "host":
            raise refusals.needs_tenancy_host(member)
    if arn := placement.get("HostResourceGroupArn"):
        raise refusals.unknown_host_group(arn)
    if placement.get("PartitionNumber"):
        raise refusals.partition_without_group()
    if tenancy != "host":
        return
    family = wanted.partition(".")[0]
    hosts = [host for host in ec2.hosts.values() if host.state == "available"]
    if host_id and host_id not in [host.id for host in hosts]:
        raise refusals.unknown_host(host_id)
    fit = [h for h in hosts if h.zone == zone and (h.instance_type or family) in (wanted, family)]
    fit = [host for host in fit if (host.instance_family or family) == family]
    if host_id and host_id not in [host.id for host in fit]:
        raise refusals.host_without_capacity(host_id)
    if not host_id and not any(host.auto_placement == "on" for host in fit):
        raise refusals.no_host()


def apply_options(instance: Instance, data: Data) -> None:
    """Let an instance have what a version says and moto's RunInstances does not take."""
    placement = data.get("Placement") or {}
    instance.placement.tenancy = placement.get("Tenancy") or instance.placement.tenancy
    instance.placement.host_id = placement.get("HostId")
    tags = [s for s in data.get("TagSpecifications") or [] if s["ResourceType"] == "network-interface"]
    for interface in instance.nics.values():
        interface.add_tags({tag["Key"]: tag["Value"] for s in tags for tag in s["Tags"]})
