"""Members of launch templates: which take effect at a launch, are refused there, or have no effect."""

from __future__ import annotations

ROOT, DISK = "/dev/nvme0n1", "/dev/nvme1n1"
ARN = "arn:aws:license-manager:eu-west-1:123456789012:license-configuration:lic-404"
HOST_GROUP = "arn:aws:resource-groups:eu-west-1:123456789012:group/hosts"
RESERVATIONS = "arn:aws:resource-groups:eu-west-1:123456789012:group/reserved"


def disk(device=DISK, **ebs):
    return {"BlockDeviceMappings": [{"DeviceName": device, "Ebs": ebs}]}


def _interface(**members):
    return {"NetworkInterfaces": [{"DeviceIndex": 0, **members}]}


def _capacity(**target):
    return {"CapacityReservationSpecification": {"CapacityReservationTarget": target}}


EBS, INTERFACE = "BlockDeviceMappings.Ebs.", "NetworkInterfaces."
VALUE, COMBINATION, MAPPING = (
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "InvalidBlockDeviceMapping",
)

REFUSED = {
    "KernelId": [({"KernelId": "aki-404"}, "InvalidAMIID.NotFound", "aki-404")],
    "RamDiskId": [({"RamDiskId": "ari-404"}, "InvalidAMIID.NotFound", "ari-404")],
    "LicenseSpecifications.LicenseConfigurationArn": [
        ({"LicenseSpecifications": [{"LicenseConfigurationArn": ARN}]}, VALUE, ARN)
    ],
    "ElasticGpuSpecifications.Type": [
        ({"ElasticGpuSpecifications": [{"Type": "eg1"}]}, "Unsupported", "Gpu")
    ],
    "ElasticInferenceAccelerators.Type": [
        ({"ElasticInferenceAccelerators": [{"Type": "eia1.medium"}]}, "Unsupported", "Inference")
    ],
    "InstanceRequirements": [
        (
            {"InstanceRequirements": {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 2048}}},
            COMBINATION,
            "InstanceRequirements",
        )
    ],
    "CpuOptions.CoreCount": [
        ({"CpuOptions": {"CoreCount": 3, "ThreadsPerCore": 2}}, VALUE, "Value (3) for parameter CoreCount"),
        ({"CpuOptions": {"CoreCount": 2}}, "MissingParameter", "both CoreCount and ThreadsPerCore"),
    ],
    "CpuOptions.ThreadsPerCore": [
        ({"CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 4}}, VALUE, "Value (4)")
    ],
    "CpuOptions.AmdSevSnp": [({"CpuOptions": {"AmdSevSnp": "enabled"}}, VALUE, "AmdSevSnp")],
    "CpuOptions.NestedVirtualization": [
        ({"CpuOptions": {"NestedVirtualization": "enabled"}}, VALUE, "NestedVirtualization")
    ],
    "CreditSpecification.CpuCredits": [
        (
            {"CreditSpecification": {"CpuCredits": "unlimited"}},
            "InstanceCreditSpecification.NotSupported",
            "The m5.2xlarge instance type does not support T2 Unlimited.",
        )
    ],
    "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId": [
        (_capacity(CapacityReservationId="cr-404"), "InvalidCapacityReservationId.NotFound", "cr-404")
    ],
    "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationResourceGroupArn": [
        (
            _capacity(CapacityReservationResourceGroupArn=RESERVATIONS),
            "InvalidCapacityReservationId.NotFound",
            RESERVATIONS,
        )
    ],
    "CapacityReservationSpecification.CapacityReservationPreference": [
        (
            {
                "CapacityReservationSpecification": {
                    "CapacityReservationPreference": "capacity-reservations-only"
                }
            },
            "ReservationCapacityExceeded",
            "does not have sufficient compatible and available capacity",
        )
    ],
    "EnclaveOptions.Enabled": [
        (
            {
                "EnclaveOptions": {"Enabled": True},
                "HibernationOptions": {"Configured": True},
                **disk(ROOT, Encrypted=True),
            },
            COMBINATION,
            "Enclaves",
        )
    ],
    "NetworkPerformanceOptions.BandwidthWeighting": [
        ({"NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"}}, VALUE, "vpc-1")
    ],
    "SecondaryInterfaces": [({"SecondaryInterfaces": [{"DeviceIndex": 1}]}, VALUE, "SecondaryInterfaces")],
    "Placement.GroupName": [({"Placement": {"GroupName": "lost"}}, "InvalidPlacementGroup.Unknown", "lost")],
    "Placement.GroupId": [({"Placement": {"GroupId": "pg-404"}}, "InvalidPlacementGroup.Unknown", "pg-404")],
    "Placement.Affinity": [({"Placement": {"Affinity": "default"}}, COMBINATION, "a tenancy of 'host'")],
    "Placement.HostResourceGroupArn": [
        ({"Placement": {"HostResourceGroupArn": HOST_GROUP}}, VALUE, HOST_GROUP)
    ],
    "Placement.PartitionNumber": [({"Placement": {"PartitionNumber": 2}}, COMBINATION, "partitionNumber")],
    "BlockDeviceMappings.VirtualName": [
        (
            {"BlockDeviceMappings": [{"DeviceName": DISK, "VirtualName": "ephemeral0"}]},
            "MissingParameter",
            "The request must contain the parameter ebs",
        )
    ],
    f"{INTERFACE}InterfaceType": [(_interface(InterfaceType="efa"), VALUE, "efa")],
    f"{INTERFACE}NetworkCardIndex": [(_interface(NetworkCardIndex=1), VALUE, "NetworkCardIndex")],
    f"{INTERFACE}AssociateCarrierIpAddress": [
        (_interface(AssociateCarrierIpAddress=True), COMBINATION, "Wavelength")
    ],
    f"{INTERFACE}EnaSrdSpecification.EnaSrdEnabled": [
        (_interface(EnaSrdSpecification={"EnaSrdEnabled": True}), VALUE, "EnaSrdEnabled")
    ],
    f"{INTERFACE}EnaQueueCount": [(_interface(EnaQueueCount=2), VALUE, "EnaQueueCount")],
    f"{INTERFACE}Ipv4Prefixes.Ipv4Prefix": [
        (_interface(Ipv4Prefixes=[{"Ipv4Prefix": "172.31.1.0/28"}]), "InsufficientCidrBlocks", "cidr blocks")
    ],
    f"{INTERFACE}Ipv4PrefixCount": [(_interface(Ipv4PrefixCount=1), "InsufficientCidrBlocks", "cidr blocks")],
    f"{INTERFACE}Ipv6Prefixes.Ipv6Prefix": [
        (_interface(Ipv6Prefixes=[{"Ipv6Prefix": "2001:db8::/80"}]), "InsufficientCidrBlocks", "cidr blocks")
    ],
    f"{INTERFACE}Ipv6PrefixCount": [(_interface(Ipv6PrefixCount=1), "InsufficientCidrBlocks", "cidr blocks")],
}
"""Members of which some values, or all, are refused, with EC2's code and some of its words."""

ALSO_REFUSED = [
    (
        {"HibernationOptions": {"Configured": True}},
        "UnsupportedHibernationConfiguration",
        "must be encrypted.",
    ),
    ({"Placement": {"Tenancy": "host"}}, "InsufficientHostCapacity", "host with a matching configuration"),
    ({"Placement": {"Tenancy": "host", "HostId": "h-404"}}, "InvalidHostID.NotFound", "h-404"),
    ({"Placement": {"HostId": "h-404"}}, COMBINATION, "The parameter hostId cannot be used"),
    ({"Placement": {"Tenancy": "shared"}}, VALUE, "shared"),
    ({"Placement": {"AvailabilityZoneId": "use1-az1"}}, VALUE, "use1-az1"),
    (
        {"InstanceMarketOptions": {"MarketType": "capacity-block"}},
        "ReservationCapacityExceeded",
        "reservation",
    ),
    ({"MetadataOptions": {"HttpPutResponseHopLimit": 65}}, VALUE, "65"),
    (
        {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]},
        VALUE,
        "'vpc' is not a valid taggable resource type for this operation.",
    ),
    (
        {"BlockDeviceMappings": 2 * [{"DeviceName": DISK, "Ebs": {}}]},
        MAPPING,
        f"The device '{DISK}' is used in more than one block-device mapping",
    ),
    ({"BlockDeviceMappings": [{"DeviceName": ROOT, "NoDevice": ""}]}, MAPPING, ROOT),
    ({"BlockDeviceMappings": [{"DeviceName": DISK}]}, "MissingParameter", "the parameter ebs"),
    (disk(ROOT, VolumeType="st1", VolumeSize=500), COMBINATION, "iops is not supported for st1 volumes."),
    (disk(VolumeType="standard", VolumeSize=1025), VALUE, "Volume of 1025GiB is too large for volume type"),
    (disk(VolumeSize=65537), VALUE, "maximum is 65536GiB"),
    (disk(VolumeSize=0), MAPPING, "Volume of size 0GB is smaller than snapshot"),
    (disk(ROOT, VolumeType="sc1", VolumeSize=100), VALUE, "must be at least 125 GiB"),
    (disk(VolumeType="gp2", Iops=3000), COMBINATION, "The parameter iops is not supported for gp2 volumes."),
    (disk(VolumeType="standard", Iops=100), COMBINATION, "iops is not supported for standard volumes."),
    (disk(VolumeType="io2"), COMBINATION, "The parameter iops must be specified for io2 volumes."),
    (
        disk(VolumeType="gp2", Throughput=125),
        MAPPING,
        f"throughput cannot be specified with the volumeType of device '{DISK}'",
    ),
    (disk(Iops=2999), VALUE, "Volume iops of 2999 is too low; minimum is 3000."),
    (disk(Iops=80001), VALUE, "Volume iops of 80001 is too high; maximum is 80000."),
    (disk(ROOT, Iops=30000), VALUE, "Iops to volume size ratio of 600.000000 is too high; maximum is 500"),
    (disk(VolumeType="io1", Iops=30000), VALUE, "ratio of 60.000000 is too high; maximum is 50"),
    (disk(Throughput=124), VALUE, "Volume throughput of 124 is too low; minimum is 125."),
    (disk(Throughput=2001), VALUE, "Volume throughput of 2001 is too high; maximum is 2000."),
    (
        disk(Throughput=1000),
        VALUE,
        "Throughput (MiBps) to iops ratio of 0.333333 is too high; maximum is 0.250000 MiBps per iops",
    ),
    (disk(SnapshotId="snap-404"), "InvalidSnapshot.NotFound", "The snapshot 'snap-404' does not exist."),
    (disk(KmsKeyId="alias/lost"), "InvalidParameterDependency", "requires the parameter Encrypted"),
    (disk(KmsKeyId="alias/lost", Encrypted=True), "InvalidKmsKey.NotFound", "alias/lost"),
]

TAKING_EFFECT = {
    "EbsOptimized", "IamInstanceProfile.Arn", "IamInstanceProfile.Name", "ImageId", "InstanceType", "KeyName",
    "Monitoring.Enabled", "DisableApiTermination", "DisableApiStop", "InstanceInitiatedShutdownBehavior",
    "UserData", "SecurityGroupIds", "SecurityGroups", "HibernationOptions.Configured",
    "TagSpecifications.ResourceType", "TagSpecifications.Tags.Key", "TagSpecifications.Tags.Value",
    "InstanceMarketOptions.MarketType", "Placement.AvailabilityZone", "Placement.AvailabilityZoneId",
    "Placement.HostId", "Placement.Tenancy", "BlockDeviceMappings.DeviceName", "BlockDeviceMappings.NoDevice",
    *(f"MetadataOptions.{m}" for m in ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint")),
    *(f"MetadataOptions.{m}" for m in ("HttpProtocolIpv6", "InstanceMetadataTags")),
    *(EBS + m for m in ("Encrypted", "DeleteOnTermination", "Iops", "KmsKeyId", "VolumeSize", "VolumeType")),
    f"{EBS}Throughput",
    *(INTERFACE + m for m in ("AssociatePublicIpAddress", "DeleteOnTermination", "DeviceIndex")),
    *(INTERFACE + m for m in ("Description", "Groups", "NetworkInterfaceId", "PrivateIpAddress", "SubnetId")),
    *(INTERFACE + m for m in ("Ipv6AddressCount", "Ipv6Addresses.Ipv6Address")),
    *(INTERFACE + m for m in ("PrivateIpAddresses.Primary", "PrivateIpAddresses.PrivateIpAddress")),
    f"{INTERFACE}SecondaryPrivateIpAddressCount",
}  # fmt: skip
"""Members that an instance, its volumes or interfaces have afterwards: tests of launches look."""

WITHOUT_EFFECT = {
    f"{EBS}SnapshotId", f"{EBS}VolumeInitializationRate", f"{EBS}EbsCardIndex",
    f"{INTERFACE}PrimaryIpv6", f"{INTERFACE}EnaSrdSpecification.EnaSrdUdpSpecification.EnaSrdUdpEnabled",
    *(
        f"{INTERFACE}ConnectionTrackingSpecification.{m}"
        for m in ("TcpEstablishedTimeout", "UdpStreamTimeout", "UdpTimeout")
    ),
    *(
        f"InstanceMarketOptions.SpotOptions.{m}"
        for m in ("MaxPrice", "SpotInstanceType", "BlockDurationMinutes", "ValidUntil")
    ),
    "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "ElasticInferenceAccelerators.Count",
    "MaintenanceOptions.AutoRecovery", "Operator.Principal", "Placement.SpreadDomain",
    *(f"PrivateDnsNameOptions.{m}" for m in ("HostnameType", "EnableResourceNameDnsARecord")),
    "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord",
}  # fmt: skip
"""Members that moto's EC2 has no place for: they stay in the template, as the README says."""

WHOLE = ("InstanceRequirements", "SecondaryInterfaces")
"""Members that are refused whatever is in them."""
