"""EC2's network: VPCs, subnets, filters, routes, gateways, endpoints, interfaces and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, document, ids, tags_of, when

VPC_ATTRIBUTE = Call("ec2", "DescribeVpcAttribute")
PREFIX_LIST_ENTRIES = Call("ec2", "GetManagedPrefixListEntries", "Entries")
ENDPOINT_SERVICE_PRINCIPALS = Call("ec2", "DescribeVpcEndpointServicePermissions", "AllowedPrincipals")

SECURITY_GROUPS = ("aws_security_group", "aws_default_security_group")
NETWORK_ACLS = ("aws_network_acl", "aws_default_network_acl")
ROUTE_TABLES = ("aws_route_table", "aws_default_route_table", "aws_route_table_association")
VPCS = (
    "aws_vpc",
    "aws_default_vpc",
    "aws_vpc_ipv4_cidr_block_association",
    "aws_vpc_ipv6_cidr_block_association",
)


def _security_group(aws: Scope, item: Answer) -> Iterator[Record]:
    group, owner = item["GroupId"], item.get("OwnerId", aws.account)
    default = item["GroupName"] == "default"
    if default:
        aws.memory.setdefault("default_group", {})[item.get("VpcId")] = group
    yield aws.record(
        "aws_default_security_group" if default else "aws_security_group",
        group,
        {
            "name": item["GroupName"],
            "description": item.get("Description", ""),
            "vpc_id": item.get("VpcId"),
            "owner_id": owner,
            "ingress": _rules(item.get("IpPermissions", ()), group, owner),
            "egress": _rules(item.get("IpPermissionsEgress", ()), group, owner),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"security-group/{group}", account=owner),
        unique=True,
    )


def _rules(permissions: Any, group: str, owner: str) -> list[Value]:
    """As the provider groups them: one object for each protocol, port range and description."""
    rules: dict[tuple[str, int, int, str], dict[str, Any]] = {}

    def rule(permission: Answer, description: str) -> dict[str, Any]:
        key = (permission["IpProtocol"], permission.get("FromPort", 0), permission.get("ToPort", 0), description)
        return rules.setdefault(
            key,
            {
                "protocol": key[0],
                "from_port": key[1],
                "to_port": key[2],
                "description": description,
                "cidr_blocks": [],
                "ipv6_cidr_blocks": [],
                "prefix_list_ids": [],
                "security_groups": [],
                "self": False,
            },
        )

    for permission in permissions:
        for member, name, attribute in (
            ("IpRanges", "CidrIp", "cidr_blocks"),
            ("Ipv6Ranges", "CidrIpv6", "ipv6_cidr_blocks"),
            ("PrefixListIds", "PrefixListId", "prefix_list_ids"),
        ):
            for source in permission.get(member, ()):
                rule(permission, source.get("Description", ""))[attribute].append(source[name])
        for pair in permission.get("UserIdGroupPairs", ()):
            one = rule(permission, pair.get("Description", ""))
            if pair["GroupId"] == group:
                one["self"] = True
            elif pair.get("UserId", owner) != owner:
                one["security_groups"].append(f"{pair['UserId']}/{pair['GroupId']}")
            else:
                one["security_groups"].append(pair["GroupId"])
    return [rules[key] for key in sorted(rules)]


def _network_acl(aws: Scope, item: Answer) -> Iterator[Record]:
    acl, owner = item["NetworkAclId"], item.get("OwnerId", aws.account)
    default = bool(item.get("IsDefault"))
    if default:
        aws.memory.setdefault("default_acl", {})[item["VpcId"]] = acl
    yield aws.record(
        "aws_default_network_acl" if default else "aws_network_acl",
        acl,
        {
            "default_network_acl_id": acl if default else None,
            "vpc_id": item["VpcId"],
            "owner_id": owner,
            "subnet_ids": ids(item.get("Associations"), "SubnetId"),
            "ingress": [_entry(entry) for entry in _own_entries(item, egress=False)],
            "egress": [_entry(entry) for entry in _own_entries(item, egress=True)],
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"network-acl/{acl}", account=owner),
        unique=True,
    )


def _own_entries(item: Answer, *, egress: bool) -> list[Answer]:
    """Without the final "deny all" that every list has."""
    entries = [e for e in item.get("Entries", ()) if bool(e["Egress"]) == egress and e["RuleNumber"] < 32767]
    return sorted(entries, key=lambda entry: int(entry["RuleNumber"]))


def _entry(entry: Answer) -> dict[str, Value]:
    return {
        "rule_no": entry["RuleNumber"],
        "action": entry["RuleAction"],
        "protocol": entry["Protocol"],
        "cidr_block": entry.get("CidrBlock", ""),
        "ipv6_cidr_block": entry.get("Ipv6CidrBlock", ""),
        "from_port": at(entry, "PortRange", "From", default=0),
        "to_port": at(entry, "PortRange", "To", default=0),
        "icmp_type": at(entry, "IcmpTypeCode", "Type", default=0),
        "icmp_code": at(entry, "IcmpTypeCode", "Code", default=0),
    }


_ROUTE = {
    "cidr_block": "DestinationCidrBlock",
    "ipv6_cidr_block": "DestinationIpv6CidrBlock",
    "destination_prefix_list_id": "DestinationPrefixListId",
    "carrier_gateway_id": "CarrierGatewayId",
    "core_network_arn": "CoreNetworkArn",
    "egress_only_gateway_id": "EgressOnlyInternetGatewayId",
    "gateway_id": "GatewayId",
    "local_gateway_id": "LocalGatewayId",
    "nat_gateway_id": "NatGatewayId",
    "network_interface_id": "NetworkInterfaceId",
    "transit_gateway_id": "TransitGatewayId",
    "vpc_peering_connection_id": "VpcPeeringConnectionId",
}


def _route_table(aws: Scope, item: Answer) -> Iterator[Record]:
    table, owner = item["RouteTableId"], item.get("OwnerId", aws.account)
    main = any(association.get("Main") for association in item.get("Associations", ()))
    if main:
        aws.memory.setdefault("main_table", {})[item["VpcId"]] = table
    yield aws.record(
        "aws_default_route_table" if main else "aws_route_table",
        table,
        {
            "default_route_table_id": table if main else None,
            "vpc_id": item["VpcId"],
            "owner_id": owner,
            "route": [route for given in item.get("Routes", ()) if (route := _route(given))],
            "propagating_vgws": ids(item.get("PropagatingVgws"), "GatewayId"),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"route-table/{table}", account=owner),
        unique=True,
    )
    for association in item.get("Associations", ()):
        state = at(association, "AssociationState", "State", default="associated")
        if not association.get("Main") and state in ("associated", "associating"):
            yield aws.record(
                "aws_route_table_association",
                association["RouteTableAssociationId"],
                {
                    "route_table_id": table,
                    "subnet_id": association.get("SubnetId"),
                    "gateway_id": association.get("GatewayId"),
                },
                unique=True,
            )


def _route(given: Answer) -> dict[str, Value] | None:
    """As the provider shows it, with AWS's `state` and `origin` besides; None for what it does not show."""
    gateway = given.get("GatewayId") or ""
    if gateway in ("local", "VpcLattice"):
        return None
    if gateway.startswith("vpce-") and given.get("DestinationPrefixListId"):
        return None  # a gateway endpoint's: `aws_vpc_endpoint.route_table_ids` says the same
    route: dict[str, Value] = {name: given.get(member) or "" for name, member in _ROUTE.items()}
    route["vpc_endpoint_id"] = ""
    if gateway.startswith("vpce-"):
        route |= {"vpc_endpoint_id": gateway, "gateway_id": ""}
    route |= {"state": given.get("State", "active"), "origin": given.get("Origin", "CreateRoute")}
    return route


def _vpc(aws: Scope, item: Answer) -> Iterator[Record]:
    vpc, owner = item["VpcId"], item.get("OwnerId", aws.account)

    def attribute(name: str) -> Any:
        answer = aws.read(VPC_ATTRIBUTE, VpcId=vpc, Attribute=name)
        return at(answer, name[0].upper() + name[1:], "Value")

    def remembered(kind: str, what: str) -> Any:
        return aws.memory.get(kind, {}).get(vpc) or UnknownValue(f"{what} of {vpc} was not among those read")

    v6 = [a for a in item.get("Ipv6CidrBlockAssociationSet", ()) if _associated(a, "Ipv6CidrBlockState")]
    yield aws.record(
        "aws_default_vpc" if item.get("IsDefault") else "aws_vpc",
        vpc,
        {
            "cidr_block": item["CidrBlock"],
            "instance_tenancy": item.get("InstanceTenancy"),
            "dhcp_options_id": item.get("DhcpOptionsId"),
            "owner_id": owner,
            "enable_dns_support": attribute("enableDnsSupport"),
            "enable_dns_hostnames": attribute("enableDnsHostnames"),
            "default_security_group_id": remembered("default_group", "the default security group"),
            "default_network_acl_id": remembered("default_acl", "the default network ACL"),
            "main_route_table_id": (main := remembered("main_table", "the main route table")),
            "default_route_table_id": main,
            "ipv6_cidr_block": at(v6, 0, "Ipv6CidrBlock", default=""),
            "ipv6_association_id": at(v6, 0, "AssociationId", default=""),
            "ipv6_cidr_block_network_border_group": at(v6, 0, "NetworkBorderGroup", default=""),
            "assign_generated_ipv6_cidr_block": (pool := at(v6, 0, "Ipv6Pool", default="")) == "Amazon",
            "ipv6_ipam_pool_id": pool if pool.startswith("ipam-pool-") else "",
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpc/{vpc}", account=owner),
        unique=True,
    )
    for association in item.get("CidrBlockAssociationSet", ()):
        if association["CidrBlock"] != item["CidrBlock"] and _associated(association, "CidrBlockState"):
            values = {"vpc_id": vpc, "cidr_block": association["CidrBlock"]}
            name = association["AssociationId"]
            yield aws.record("aws_vpc_ipv4_cidr_block_association", name, values, unique=True)
    for association in v6[1:]:
        values = {"vpc_id": vpc, "ipv6_cidr_block": association["Ipv6CidrBlock"]}
        name = association["AssociationId"]
        yield aws.record("aws_vpc_ipv6_cidr_block_association", name, values, unique=True)


def _associated(association: Answer, member: str) -> bool:
    return at(association, member, "State", default="associated") in ("associated", "associating")


def _subnet(aws: Scope, item: Answer) -> Iterator[Record]:
    subnet, owner = item["SubnetId"], item.get("OwnerId", aws.account)
    v6 = [a for a in item.get("Ipv6CidrBlockAssociationSet", ()) if _associated(a, "Ipv6CidrBlockState")]
    names = item.get("PrivateDnsNameOptionsOnLaunch") or {}
    yield aws.record(
        "aws_default_subnet" if item.get("DefaultForAz") else "aws_subnet",
        subnet,
        {
            "arn": item.get("SubnetArn"),
            "vpc_id": item["VpcId"],
            "owner_id": owner,
            "cidr_block": item.get("CidrBlock", ""),
            "availability_zone": item.get("AvailabilityZone"),
            "availability_zone_id": item.get("AvailabilityZoneId"),
            "available_ip_address_count": item.get("AvailableIpAddressCount"),
            "map_public_ip_on_launch": item.get("MapPublicIpOnLaunch"),
            "assign_ipv6_address_on_creation": item.get("AssignIpv6AddressOnCreation"),
            "ipv6_cidr_block": at(v6, 0, "Ipv6CidrBlock", default=""),
            "ipv6_cidr_block_association_id": at(v6, 0, "AssociationId", default=""),
            "ipv6_native": item.get("Ipv6Native"),
            "enable_dns64": item.get("EnableDns64"),
            "customer_owned_ipv4_pool": item.get("CustomerOwnedIpv4Pool"),
            "map_customer_owned_ip_on_launch": item.get("MapCustomerOwnedIpOnLaunch"),
            "outpost_arn": item.get("OutpostArn"),
            "private_dns_hostname_type_on_launch": names.get("HostnameType"),
            "enable_resource_name_dns_a_record_on_launch": names.get("EnableResourceNameDnsARecord"),
            "enable_resource_name_dns_aaaa_record_on_launch": names.get("EnableResourceNameDnsAAAARecord"),
            **tags_of(item.get("Tags")),
        },
        arn=item.get("SubnetArn") or aws.arn("ec2", f"subnet/{subnet}", account=owner),
        unique=True,
    )


def _internet_gateway(aws: Scope, item: Answer) -> Iterator[Record]:
    gateway, owner = item["InternetGatewayId"], item.get("OwnerId", aws.account)
    yield aws.record(
        "aws_internet_gateway",
        gateway,
        {"vpc_id": at(item, "Attachments", 0, "VpcId", default=""), "owner_id": owner, **tags_of(item.get("Tags"))},
        arn=aws.arn("ec2", f"internet-gateway/{gateway}", account=owner),
        unique=True,
    )


def _egress_only_gateway(aws: Scope, item: Answer) -> Iterator[Record]:
    gateway = item["EgressOnlyInternetGatewayId"]
    yield aws.record(
        "aws_egress_only_internet_gateway",
        gateway,
        {"vpc_id": at(item, "Attachments", 0, "VpcId", default=""), **tags_of(item.get("Tags"))},
        arn=aws.arn("ec2", f"egress-only-internet-gateway/{gateway}"),
        unique=True,
    )


def _nat_gateway(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in ("deleted", "deleting"):
        return  # routes that still point to it are `blackhole`
    gateway = item["NatGatewayId"]
    addresses = item.get("NatGatewayAddresses", [])
    primary: Answer = next((a for a in addresses if a.get("IsPrimary", True)), {})
    others = [a for a in addresses if a is not primary]
    yield aws.record(
        "aws_nat_gateway",
        gateway,
        {
            "vpc_id": item.get("VpcId"),
            "subnet_id": item.get("SubnetId"),
            "state": item.get("State"),
            "connectivity_type": item.get("ConnectivityType", "public"),
            "allocation_id": primary.get("AllocationId"),
            "association_id": primary.get("AssociationId"),
            "network_interface_id": primary.get("NetworkInterfaceId"),
            "private_ip": primary.get("PrivateIp"),
            "public_ip": primary.get("PublicIp"),
            "secondary_allocation_ids": ids(others, "AllocationId"),
            "secondary_private_ip_addresses": ids(others, "PrivateIp"),
            "secondary_private_ip_address_count": len(others),
            "create_time": when(item.get("CreateTime")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"natgateway/{gateway}"),
        unique=True,
    )


def _endpoint(aws: Scope, item: Answer) -> Iterator[Record]:
    endpoint, owner = item["VpcEndpointId"], item.get("OwnerId", aws.account)
    if item.get("State", "").lower() in ("deleted", "deleting"):
        return
    options = item.get("DnsOptions") or {}
    yield aws.record(
        "aws_vpc_endpoint",
        endpoint,
        {
            "vpc_id": item["VpcId"],
            "owner_id": owner,
            "service_name": item["ServiceName"],
            "service_region": item.get("ServiceRegion"),
            "vpc_endpoint_type": item.get("VpcEndpointType"),
            "state": item.get("State", "").lower(),
            "policy": document(item.get("PolicyDocument")),
            "private_dns_enabled": item.get("PrivateDnsEnabled"),
            "requester_managed": item.get("RequesterManaged"),
            "ip_address_type": item.get("IpAddressType"),
            "route_table_ids": sorted(item.get("RouteTableIds", [])),
            "subnet_ids": sorted(item.get("SubnetIds", [])),
            "security_group_ids": ids(item.get("Groups"), "GroupId"),
            "network_interface_ids": sorted(item.get("NetworkInterfaceIds", [])),
            "dns_entry": [
                {"dns_name": entry.get("DnsName"), "hosted_zone_id": entry.get("HostedZoneId")}
                for entry in item.get("DnsEntries", [])
            ],
            "dns_options": block(
                {
                    "dns_record_ip_type": options.get("DnsRecordIpType"),
                    "private_dns_only_for_inbound_resolver_endpoint": options.get(
                        "PrivateDnsOnlyForInboundResolverEndpoint"
                    ),
                }
            ),
            "create_time": when(item.get("CreationTimestamp")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpc-endpoint/{endpoint}", account=owner),
        unique=True,
    )


def _endpoint_service(aws: Scope, item: Answer) -> Iterator[Record]:
    service = item["ServiceId"]
    principals = aws.items(ENDPOINT_SERVICE_PRINCIPALS, ServiceId=service)
    yield aws.record(
        "aws_vpc_endpoint_service",
        service,
        {
            "service_name": item.get("ServiceName"),
            "service_type": at(item, "ServiceType", 0, "ServiceType"),
            "state": item.get("ServiceState"),
            "acceptance_required": item.get("AcceptanceRequired"),
            "allowed_principals": [p if isinstance(p, UnknownValue) else p.get("Principal") for p in principals],
            "availability_zones": sorted(item.get("AvailabilityZones", [])),
            "network_load_balancer_arns": sorted(item.get("NetworkLoadBalancerArns", [])),
            "gateway_load_balancer_arns": sorted(item.get("GatewayLoadBalancerArns", [])),
            "manages_vpc_endpoints": item.get("ManagesVpcEndpoints"),
            "private_dns_name": item.get("PrivateDnsName"),
            "supported_ip_address_types": sorted(item.get("SupportedIpAddressTypes", [])),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpc-endpoint-service/{service}"),
        unique=True,
    )


def _peering(aws: Scope, item: Answer) -> Iterator[Record]:
    status = at(item, "Status", "Code", default="")
    if status in ("deleted", "deleting"):
        return
    requester, accepter = item.get("RequesterVpcInfo") or {}, item.get("AccepterVpcInfo") or {}
    # The provider looks from the requester's side, whoever owns it.
    yield aws.record(
        "aws_vpc_peering_connection",
        item["VpcPeeringConnectionId"],
        {
            "vpc_id": requester.get("VpcId"),
            "owner_id": requester.get("OwnerId"),
            "peer_vpc_id": accepter.get("VpcId"),
            "peer_owner_id": accepter.get("OwnerId"),
            "peer_region": accepter.get("Region"),
            "accept_status": status,
            "auto_accept": status == "active",
            "cidr_block_set": [{"cidr_block": c["CidrBlock"]} for c in requester.get("CidrBlockSet", [])],
            "peer_cidr_block_set": [{"cidr_block": c["CidrBlock"]} for c in accepter.get("CidrBlockSet", [])],
            "requester": _peering_options(requester),
            "accepter": _peering_options(accepter),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpc-peering-connection/{item['VpcPeeringConnectionId']}"),
        unique=False,  # both regions of one account show it
    )


def _peering_options(side: Answer) -> list[Value]:
    options = side.get("PeeringOptions")
    if not options:
        return []
    return [{"allow_remote_vpc_dns_resolution": options.get("AllowDnsResolutionFromRemoteVpc", False)}]


def _prefix_list(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["PrefixListId"]
    owner = item.get("OwnerId", aws.account)
    entries = aws.items(PREFIX_LIST_ENTRIES, PrefixListId=name)
    managed = owner != "AWS"
    values: dict[str, Any] = {
        "name": item.get("PrefixListName"),
        "owner_id": owner,
        "address_family": item.get("AddressFamily"),
        "max_entries": item.get("MaxEntries"),
        "version": item.get("Version"),
        "arn": item.get("PrefixListArn"),
        "entry" if managed else "entries": [
            e if isinstance(e, UnknownValue) else {"cidr": e["Cidr"], "description": e.get("Description", "")}
            for e in entries
        ],
        **tags_of(item.get("Tags")),
    }
    mode = "managed" if managed else "data"
    yield aws.record("aws_ec2_managed_prefix_list", name, values, unique=True, mode=mode)  # type: ignore[arg-type]  # a Mode


def _interface(aws: Scope, item: Answer) -> Iterator[Record]:
    name, owner = item["NetworkInterfaceId"], item.get("OwnerId", aws.account)
    attachment, association = item.get("Attachment") or {}, item.get("Association") or {}
    addresses = item.get("PrivateIpAddresses", [])
    private = [item.get("PrivateIpAddress")] + [
        a["PrivateIpAddress"] for a in addresses if a["PrivateIpAddress"] != item.get("PrivateIpAddress")
    ]
    private = [address for address in private if address]
    v6 = [a["Ipv6Address"] for a in item.get("Ipv6Addresses", [])]
    associations = [association] if association else []
    associations += [a["Association"] for a in addresses if a.get("Association") and not a.get("Primary")]
    yield aws.record(
        "aws_network_interface",
        name,
        {
            "vpc_id": item.get("VpcId"),
            "subnet_id": item.get("SubnetId"),
            "availability_zone": item.get("AvailabilityZone"),
            "owner_id": owner,
            "requester_id": item.get("RequesterId"),
            "requester_managed": item.get("RequesterManaged"),
            "status": item.get("Status"),
            "description": item.get("Description", ""),
            "interface_type": item.get("InterfaceType"),
            "mac_address": item.get("MacAddress"),
            "private_dns_name": item.get("PrivateDnsName"),
            "private_ip": item.get("PrivateIpAddress"),
            "private_ips": sorted(private),
            "private_ip_list": private,
            "private_ips_count": max(0, len(private) - 1),
            "ipv6_addresses": sorted(v6),
            "ipv6_address_list": v6,
            "ipv6_address_count": len(v6),
            "ipv4_prefixes": ids(item.get("Ipv4Prefixes"), "Ipv4Prefix"),
            "ipv6_prefixes": ids(item.get("Ipv6Prefixes"), "Ipv6Prefix"),
            "security_groups": ids(item.get("Groups"), "GroupId"),
            "source_dest_check": item.get("SourceDestCheck"),
            "outpost_arn": item.get("OutpostArn"),
            "attachment": [
                {
                    "attachment_id": attachment.get("AttachmentId"),
                    "device_index": attachment.get("DeviceIndex"),
                    "instance": attachment.get("InstanceId", ""),
                    "instance_owner_id": attachment.get("InstanceOwnerId"),
                    "status": attachment.get("Status"),
                }
            ]
            if attachment
            else [],
            "association": [
                {
                    "allocation_id": one.get("AllocationId"),
                    "association_id": one.get("AssociationId"),
                    "carrier_ip": one.get("CarrierIp"),
                    "customer_owned_ip": one.get("CustomerOwnedIp"),
                    "ip_owner_id": one.get("IpOwnerId"),
                    "public_dns_name": one.get("PublicDnsName"),
                    "public_ip": one.get("PublicIp"),
                }
                for one in associations
            ],
            **tags_of(item.get("TagSet")),
        },
        arn=aws.arn("ec2", f"network-interface/{name}", account=owner),
        unique=True,
    )


def _address(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item.get("AllocationId") or item["PublicIp"]
    yield aws.record(
        "aws_eip",
        name,
        {
            "allocation_id": item.get("AllocationId"),
            "association_id": item.get("AssociationId", ""),
            "domain": item.get("Domain"),
            "instance": item.get("InstanceId", ""),
            "network_interface": item.get("NetworkInterfaceId", ""),
            "private_ip": item.get("PrivateIpAddress", ""),
            "public_ip": item.get("PublicIp"),
            "carrier_ip": item.get("CarrierIp"),
            "customer_owned_ip": item.get("CustomerOwnedIp"),
            "customer_owned_ipv4_pool": item.get("CustomerOwnedIpv4Pool"),
            "network_border_group": item.get("NetworkBorderGroup"),
            "public_ipv4_pool": item.get("PublicIpv4Pool"),
            "service_managed": item.get("ServiceManaged"),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"elastic-ip/{name}"),
        unique=True,
    )


def _flow_log(aws: Scope, item: Answer) -> Iterator[Record]:
    name, resource = item["FlowLogId"], item.get("ResourceId", "")
    kind = item.get("LogDestinationType", "cloud-watch-logs")
    of = {
        "vpc": "vpc_id",
        "subnet": "subnet_id",
        "eni": "eni_id",
        "tgw": "transit_gateway_id",
        "tgw-attach": "transit_gateway_attachment_id",
    }
    options = item.get("DestinationOptions") or {}
    yield aws.record(
        "aws_flow_log",
        name,
        {
            **dict.fromkeys(of.values()),
            of.get(resource.rpartition("-")[0], "resource_id"): resource,
            "traffic_type": item.get("TrafficType"),
            "flow_log_status": item.get("FlowLogStatus"),
            "deliver_logs_status": item.get("DeliverLogsStatus"),
            "deliver_logs_error_message": item.get("DeliverLogsErrorMessage"),
            "log_destination_type": kind,
            "log_destination": item.get("LogDestination"),
            "log_group_name": item.get("LogGroupName"),
            "log_format": item.get("LogFormat"),
            "iam_role_arn": item.get("DeliverLogsPermissionArn", ""),
            "deliver_cross_account_role": item.get("DeliverCrossAccountRole", ""),
            "max_aggregation_interval": item.get("MaxAggregationInterval"),
            "destination_options": block(
                {
                    "file_format": options.get("FileFormat"),
                    "hive_compatible_partitions": options.get("HiveCompatiblePartitions"),
                    "per_hour_partition": options.get("PerHourPartition"),
                }
            ),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpc-flow-log/{name}"),
        unique=True,
    )


def _dhcp_options(aws: Scope, item: Answer) -> Iterator[Record]:
    name, owner = item["DhcpOptionsId"], item.get("OwnerId", aws.account)
    settings = {c["Key"]: [v.get("Value") for v in c.get("Values", [])] for c in item.get("DhcpConfigurations", [])}
    yield aws.record(
        "aws_vpc_dhcp_options",
        name,
        {
            "owner_id": owner,
            "domain_name": at(settings, "domain-name", 0, default=""),
            "domain_name_servers": settings.get("domain-name-servers", []),
            "ntp_servers": settings.get("ntp-servers", []),
            "netbios_name_servers": settings.get("netbios-name-servers", []),
            "netbios_node_type": at(settings, "netbios-node-type", 0, default=""),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"dhcp-options/{name}", account=owner),
        unique=True,
    )


def _public_access_options(aws: Scope, item: Answer) -> Iterator[Record]:
    options = item["VpcBlockPublicAccessOptions"]
    yield aws.record(
        "aws_vpc_block_public_access_options",
        aws.region,
        {
            "aws_account_id": options.get("AwsAccountId", aws.account),
            "aws_region": options.get("AwsRegion", aws.region),
            "internet_gateway_block_mode": options.get("InternetGatewayBlockMode"),
        },
        unique=True,
    )


def _public_access_exclusion(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State", "").startswith("delete"):
        return
    arn = item.get("ResourceArn", "")
    kind, _, of = arn.rpartition(":")[2].partition("/")
    yield aws.record(
        "aws_vpc_block_public_access_exclusion",
        item["ExclusionId"],
        {
            "internet_gateway_exclusion_mode": item.get("InternetGatewayExclusionMode"),
            "resource_arn": arn,
            "vpc_id": of if kind == "vpc" else None,
            "subnet_id": of if kind == "subnet" else None,
            **tags_of(item.get("Tags")),
        },
        unique=True,
    )


SERVICE = Service(
    "vpc",
    (
        Part(SECURITY_GROUPS, Call("ec2", "DescribeSecurityGroups", "SecurityGroups"), _security_group),
        Part(NETWORK_ACLS, Call("ec2", "DescribeNetworkAcls", "NetworkAcls"), _network_acl),
        Part(ROUTE_TABLES, Call("ec2", "DescribeRouteTables", "RouteTables"), _route_table),
        # Below the three above: a VPC tells which of them are its default ones.
        Part(VPCS, Call("ec2", "DescribeVpcs", "Vpcs"), _vpc, (VPC_ATTRIBUTE,), parallel=True),
        Part(("aws_subnet", "aws_default_subnet"), Call("ec2", "DescribeSubnets", "Subnets"), _subnet),
        Part(("aws_internet_gateway",), Call("ec2", "DescribeInternetGateways", "InternetGateways"), _internet_gateway),
        Part(
            ("aws_egress_only_internet_gateway",),
            Call("ec2", "DescribeEgressOnlyInternetGateways", "EgressOnlyInternetGateways"),
            _egress_only_gateway,
        ),
        Part(("aws_nat_gateway",), Call("ec2", "DescribeNatGateways", "NatGateways"), _nat_gateway),
        Part(("aws_vpc_endpoint",), Call("ec2", "DescribeVpcEndpoints", "VpcEndpoints"), _endpoint),
        Part(
            ("aws_vpc_endpoint_service",),
            Call("ec2", "DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations"),
            _endpoint_service,
            (ENDPOINT_SERVICE_PRINCIPALS,),
            parallel=True,
        ),
        Part(
            ("aws_vpc_peering_connection",),
            Call("ec2", "DescribeVpcPeeringConnections", "VpcPeeringConnections"),
            _peering,
        ),
        Part(
            ("aws_ec2_managed_prefix_list", "data.aws_ec2_managed_prefix_list"),
            Call("ec2", "DescribeManagedPrefixLists", "PrefixLists"),
            _prefix_list,
            (PREFIX_LIST_ENTRIES,),
            parallel=True,
        ),
        Part(("aws_network_interface",), Call("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces"), _interface),
        Part(("aws_eip",), Call("ec2", "DescribeAddresses", "Addresses"), _address),
        Part(("aws_flow_log",), Call("ec2", "DescribeFlowLogs", "FlowLogs"), _flow_log),
        Part(("aws_vpc_dhcp_options",), Call("ec2", "DescribeDhcpOptions", "DhcpOptions"), _dhcp_options),
        Part(
            ("aws_vpc_block_public_access_options",),
            Call("ec2", "DescribeVpcBlockPublicAccessOptions"),
            _public_access_options,
        ),
        Part(
            ("aws_vpc_block_public_access_exclusion",),
            Call("ec2", "DescribeVpcBlockPublicAccessExclusions", "VpcBlockPublicAccessExclusions"),
            _public_access_exclusion,
        ),
    ),
)
