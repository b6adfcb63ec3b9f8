"""What joins networks: transit gateways with their tables, VPNs, client VPN, network firewalls and resolvers."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, pick, tags_of, when

ASSOCIATIONS = Call("ec2", "GetTransitGatewayRouteTableAssociations", "Associations")
PROPAGATIONS = Call("ec2", "GetTransitGatewayRouteTablePropagations", "TransitGatewayRouteTablePropagations")
ROUTES = Call(
    "ec2",
    "SearchTransitGatewayRoutes",
    params={"Filters": [{"Name": "state", "Values": ["active", "blackhole"]}]},  # 1,000 of them: AWS's default
)
TARGET_NETWORKS = Call("ec2", "DescribeClientVpnTargetNetworks", "ClientVpnTargetNetworks")
AUTHORIZATIONS = Call("ec2", "DescribeClientVpnAuthorizationRules", "AuthorizationRules")
CLIENT_ROUTES = Call("ec2", "DescribeClientVpnRoutes", "Routes")
FIREWALL = Call("network-firewall", "DescribeFirewall")
FIREWALL_POLICY = Call("network-firewall", "DescribeFirewallPolicy")
RESOLVER_ADDRESSES = Call("route53resolver", "ListResolverEndpointIpAddresses", "IpAddresses")

_GONE = ("deleted", "deleting", "rejected", "rejecting", "failed")


def _gateway(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in _GONE:
        return
    options = item.get("Options") or {}
    aws.memory.setdefault("gateways", {})[item["TransitGatewayId"]] = item.get("OwnerId")
    yield aws.record(
        "aws_ec2_transit_gateway",
        item["TransitGatewayId"],
        {
            **pick(item, arn="TransitGatewayArn", owner_id="OwnerId"),
            "description": item.get("Description", ""),
            **pick(
                options,
                amazon_side_asn="AmazonSideAsn",
                association_default_route_table_id="AssociationDefaultRouteTableId",
                propagation_default_route_table_id="PropagationDefaultRouteTableId",
                auto_accept_shared_attachments="AutoAcceptSharedAttachments",
                default_route_table_association="DefaultRouteTableAssociation",
                default_route_table_propagation="DefaultRouteTablePropagation",
                dns_support="DnsSupport",
                multicast_support="MulticastSupport",
                vpn_ecmp_support="VpnEcmpSupport",
            ),
            "security_group_referencing_support": options.get("SecurityGroupReferencingSupport", "disable"),
            "transit_gateway_cidr_blocks": sorted(options.get("TransitGatewayCidrBlocks", [])),
            **tags_of(item.get("Tags")),
        },
        unique=True,
    )


def _vpc_attachment(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in _GONE:
        return
    name, options = item["TransitGatewayAttachmentId"], item.get("Options") or {}
    yield aws.record(
        "aws_ec2_transit_gateway_vpc_attachment",
        name,
        {
            **pick(
                item, transit_gateway_id="TransitGatewayId", vpc_id="VpcId", vpc_owner_id="VpcOwnerId", state="State"
            ),
            "subnet_ids": sorted(item.get("SubnetIds", [])),
            "appliance_mode_support": options.get("ApplianceModeSupport", "disable"),
            "dns_support": options.get("DnsSupport", "enable"),
            "ipv6_support": options.get("Ipv6Support", "disable"),
            "security_group_referencing_support": options.get("SecurityGroupReferencingSupport", "disable"),
            # Its associations and propagations stand for themselves, where this account can see them.
            **dict.fromkeys(
                ("transit_gateway_default_route_table_association", "transit_gateway_default_route_table_propagation"),
                False
                if aws.memory.get("gateways", {}).get(item["TransitGatewayId"]) == aws.account
                else UnknownValue("the transit gateway's route tables may be another account's"),
            ),
            "creation_time": when(item.get("CreationTime")),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"transit-gateway-attachment/{name}"),
        unique=True,
    )


def _peering_attachment(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in _GONE:
        return
    near, far = item.get("RequesterTgwInfo") or {}, item.get("AccepterTgwInfo") or {}
    name = item["TransitGatewayAttachmentId"]
    yield aws.record(
        "aws_ec2_transit_gateway_peering_attachment",
        name,
        {
            "transit_gateway_id": near.get("TransitGatewayId"),
            "peer_transit_gateway_id": far.get("TransitGatewayId"),
            "peer_account_id": far.get("OwnerId"),
            "peer_region": far.get("Region"),
            "state": item.get("State"),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"transit-gateway-attachment/{name}"),
    )


def _route_table(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in _GONE:
        return
    table = item["TransitGatewayRouteTableId"]
    arn = aws.arn("ec2", f"transit-gateway-route-table/{table}")
    yield aws.record(
        "aws_ec2_transit_gateway_route_table",
        table,
        {
            "transit_gateway_id": item.get("TransitGatewayId"),
            "default_association_route_table": item.get("DefaultAssociationRouteTable"),
            "default_propagation_route_table": item.get("DefaultPropagationRouteTable"),
            **tags_of(item.get("Tags")),
        },
        arn=arn,
        unique=True,
    )
    for type_, call in (
        ("aws_ec2_transit_gateway_route_table_association", ASSOCIATIONS),
        ("aws_ec2_transit_gateway_route_table_propagation", PROPAGATIONS),
    ):
        for one in aws.items(call, gap=(type_,), TransitGatewayRouteTableId=table):
            if not isinstance(one, UnknownValue) and one.get("State") not in ("disassociated", "disabled"):
                attachment = one["TransitGatewayAttachmentId"]
                values = {
                    "transit_gateway_route_table_id": table,
                    "transit_gateway_attachment_id": attachment,
                    **pick(one, resource_id="ResourceId", resource_type="ResourceType"),
                }
                yield aws.record(type_, f"{table}_{attachment}", values, arn=arn, unique=True)
    yield from _routes(aws, table, arn)


def _routes(aws: Scope, table: str, arn: str) -> Iterator[Record]:
    type_ = "aws_ec2_transit_gateway_route"
    answer = aws.read(ROUTES, gap=(type_,), TransitGatewayRouteTableId=table)
    if isinstance(answer, UnknownValue):
        return
    if answer.get("AdditionalRoutesAvailable"):
        aws.failed(f"more than 1,000 routes: {ROUTES.name}: {table} is not known as a whole", (type_,))
    for route in answer["Routes"]:
        target = route.get("DestinationCidrBlock") or route.get("PrefixListId", "")
        attachments = route.get("TransitGatewayAttachments") or [{}]
        for attachment in attachments:
            name = f"{table}_{target}"
            if len(attachments) > 1:  # equal paths, of which each packet takes one
                name += f"_{attachment.get('TransitGatewayAttachmentId')}"
            yield aws.record(
                type_,
                name,
                {
                    "transit_gateway_route_table_id": table,
                    "destination_cidr_block": target,
                    "transit_gateway_attachment_id": attachment.get("TransitGatewayAttachmentId", ""),
                    "blackhole": route.get("State") == "blackhole",
                    "route_type": route.get("Type"),
                },
                arn=arn,
                unique=True,
            )


def _vpn_gateway(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in _GONE:
        return
    name = item["VpnGatewayId"]
    attached = [a for a in item.get("VpcAttachments", []) if a.get("State") in ("attached", "attaching")]
    yield aws.record(
        "aws_vpn_gateway",
        name,
        {
            "vpc_id": at(attached, 0, "VpcId", default=""),
            "availability_zone": item.get("AvailabilityZone", ""),
            "amazon_side_asn": None if item.get("AmazonSideAsn") is None else str(item["AmazonSideAsn"]),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpn-gateway/{name}"),
        unique=True,
    )


def _vpn_connection(aws: Scope, item: Answer) -> Iterator[Record]:
    """Without its configuration, which has the keys of the tunnels in it."""
    if item.get("State") in _GONE:
        return
    name = item["VpnConnectionId"]
    yield aws.record(
        "aws_vpn_connection",
        name,
        {
            "type": item.get("Type"),
            "customer_gateway_id": item.get("CustomerGatewayId", ""),
            "vpn_gateway_id": item.get("VpnGatewayId", ""),
            "transit_gateway_id": item.get("TransitGatewayId", ""),
            "static_routes_only": at(item, "Options", "StaticRoutesOnly", default=False),
            "local_ipv4_network_cidr": at(item, "Options", "LocalIpv4NetworkCidr", default=""),
            "remote_ipv4_network_cidr": at(item, "Options", "RemoteIpv4NetworkCidr", default=""),
            "routes": [
                pick(route, destination_cidr_block="DestinationCidrBlock", source="Source", state="State")
                for route in item.get("Routes", [])
            ],
            "vgw_telemetry": [
                {
                    **pick(
                        tunnel,
                        accepted_route_count="AcceptedRouteCount",
                        outside_ip_address="OutsideIpAddress",
                        status="Status",
                        status_message="StatusMessage",
                    ),
                    "last_status_change": when(tunnel.get("LastStatusChange")),
                }
                for tunnel in item.get("VgwTelemetry", [])
            ],
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"vpn-connection/{name}"),
        unique=True,
    )


def _customer_gateway(aws: Scope, item: Answer) -> Iterator[Record]:
    if item.get("State") in _GONE:
        return
    name = item["CustomerGatewayId"]
    yield aws.record(
        "aws_customer_gateway",
        name,
        {
            **pick(item, bgp_asn="BgpAsn", ip_address="IpAddress", type="Type"),
            "device_name": item.get("DeviceName", ""),
            "certificate_arn": item.get("CertificateArn", ""),
            **tags_of(item.get("Tags")),
        },
        arn=aws.arn("ec2", f"customer-gateway/{name}"),
        unique=True,
    )


def _client_vpn(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["ClientVpnEndpointId"]
    if at(item, "Status", "Code") in _GONE:
        return
    arn = aws.arn("ec2", f"client-vpn-endpoint/{name}")
    yield aws.record(
        "aws_ec2_client_vpn_endpoint",
        name,
        {
            **pick(
                item,
                client_cidr_block="ClientCidrBlock",
                dns_name="DnsName",
                server_certificate_arn="ServerCertificateArn",
                split_tunnel="SplitTunnel",
                transport_protocol="TransportProtocol",
                vpc_id="VpcId",
                vpn_port="VpnPort",
                session_timeout_hours="SessionTimeoutHours",
            ),
            "description": item.get("Description", ""),
            "dns_servers": item.get("DnsServers", []),
            "security_group_ids": sorted(item.get("SecurityGroupIds", [])),
            "authentication_options": [pick(one, type="Type") for one in item.get("AuthenticationOptions", [])],
            "connection_log_options": [
                {
                    "enabled": at(item, "ConnectionLogOptions", "Enabled", default=False),
                    "cloudwatch_log_group": at(item, "ConnectionLogOptions", "CloudwatchLogGroup", default=""),
                }
            ],
            **tags_of(item.get("Tags")),
        },
        arn=arn,
        unique=True,
    )
    for type_, call, members in (
        (
            "aws_ec2_client_vpn_network_association",
            TARGET_NETWORKS,
            {"association_id": "AssociationId", "subnet_id": "TargetNetworkId", "vpc_id": "VpcId"},
        ),
        (
            "aws_ec2_client_vpn_authorization_rule",
            AUTHORIZATIONS,
            {
                "target_network_cidr": "DestinationCidr",
                "access_group_id": "GroupId",
                "authorize_all_groups": "AccessAll",
            },
        ),
        (
            "aws_ec2_client_vpn_route",
            CLIENT_ROUTES,
            {"destination_cidr_block": "DestinationCidr", "target_vpc_subnet_id": "TargetSubnet", "origin": "Origin"},
        ),
    ):
        for one in aws.items(call, gap=(type_,), ClientVpnEndpointId=name):
            if not isinstance(one, UnknownValue):
                values = {"client_vpn_endpoint_id": name, **pick(one, **members)}
                key = ",".join(str(values[attribute] or "") for attribute in list(members)[:2])
                yield aws.record(type_, f"{name},{key}", values, arn=arn, unique=True)


def _firewall(aws: Scope, listed: Answer) -> Iterator[Record]:
    arn = listed["FirewallArn"]
    answer = aws.read(FIREWALL, gap=("aws_networkfirewall_firewall",), FirewallArn=arn)
    if isinstance(answer, UnknownValue):
        return
    item = answer["Firewall"]
    states = at(answer, "FirewallStatus", "SyncStates", default={})
    yield aws.record(
        "aws_networkfirewall_firewall",
        item["FirewallName"],
        {
            "id": arn,
            **pick(
                item,
                arn="FirewallArn",
                name="FirewallName",
                firewall_policy_arn="FirewallPolicyArn",
                vpc_id="VpcId",
                delete_protection="DeleteProtection",
                subnet_change_protection="SubnetChangeProtection",
                firewall_policy_change_protection="FirewallPolicyChangeProtection",
            ),
            "description": item.get("Description", ""),
            "subnet_mapping": [
                {"subnet_id": one["SubnetId"], "ip_address_type": one.get("IPAddressType", "")}
                for one in item.get("SubnetMappings", [])
            ],
            "firewall_status": [
                {
                    "sync_states": [
                        {
                            "availability_zone": zone,
                            "attachment": [
                                pick(state.get("Attachment"), endpoint_id="EndpointId", subnet_id="SubnetId")
                            ],
                        }
                        for zone, state in sorted(states.items())
                    ]
                }
            ],
            **tags_of(item.get("Tags")),
        },
    )


def _firewall_policy(aws: Scope, listed: Answer) -> Iterator[Record]:
    arn = listed["Arn"]
    answer = aws.read(FIREWALL_POLICY, gap=("aws_networkfirewall_firewall_policy",), FirewallPolicyArn=arn)
    if isinstance(answer, UnknownValue):
        return
    item = answer["FirewallPolicy"]
    yield aws.record(
        "aws_networkfirewall_firewall_policy",
        listed["Name"],
        {
            "id": arn,
            "arn": arn,
            "name": listed["Name"],
            "firewall_policy": [
                {
                    "stateless_default_actions": sorted(item.get("StatelessDefaultActions", [])),
                    "stateless_fragment_default_actions": sorted(item.get("StatelessFragmentDefaultActions", [])),
                    "stateful_default_actions": sorted(item.get("StatefulDefaultActions", [])),
                    "stateful_engine_options": [pick(options, rule_order="RuleOrder")]
                    if (options := item.get("StatefulEngineOptions"))
                    else [],
                    "stateless_rule_group_reference": [
                        pick(one, resource_arn="ResourceArn", priority="Priority")
                        for one in item.get("StatelessRuleGroupReferences", [])
                    ],
                    "stateful_rule_group_reference": [
                        pick(one, resource_arn="ResourceArn", priority="Priority")
                        for one in item.get("StatefulRuleGroupReferences", [])
                    ],
                }
            ],
        },
    )


def _resolver_endpoint(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["Id"]
    yield aws.record(
        "aws_route53_resolver_endpoint",
        name,
        {
            **pick(item, arn="Arn", name="Name", direction="Direction", host_vpc_id="HostVPCId", status="Status"),
            "security_group_ids": sorted(item.get("SecurityGroupIds", [])),
            "protocols": sorted(item.get("Protocols", [])),
            "ip_address": [
                one
                if isinstance(one, UnknownValue)
                else pick(one, ip="Ip", ip_id="IpId", ipv6="Ipv6", subnet_id="SubnetId")
                for one in aws.items(RESOLVER_ADDRESSES, ResolverEndpointId=name)
            ],
        },
        unique=True,
    )


def _resolver_rule(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_route53_resolver_rule",
        item["Id"],
        {
            **pick(item, arn="Arn", name="Name", rule_type="RuleType", owner_id="OwnerId", share_status="ShareStatus"),
            "domain_name": item.get("DomainName", "").rstrip("."),
            "resolver_endpoint_id": item.get("ResolverEndpointId", ""),
            "target_ip": [
                pick(one, ip="Ip", ipv6="Ipv6", port="Port", protocol="Protocol") for one in item.get("TargetIps", [])
            ],
        },
        unique=True,
    )


SERVICE = Service(
    "transit",
    (
        Part(("aws_ec2_transit_gateway",), Call("ec2", "DescribeTransitGateways", "TransitGateways"), _gateway),
        Part(
            ("aws_ec2_transit_gateway_vpc_attachment",),
            Call("ec2", "DescribeTransitGatewayVpcAttachments", "TransitGatewayVpcAttachments"),
            _vpc_attachment,
        ),
        Part(
            ("aws_ec2_transit_gateway_peering_attachment",),
            Call("ec2", "DescribeTransitGatewayPeeringAttachments", "TransitGatewayPeeringAttachments"),
            _peering_attachment,
        ),
        Part(
            (
                "aws_ec2_transit_gateway_route_table",
                "aws_ec2_transit_gateway_route_table_association",
                "aws_ec2_transit_gateway_route_table_propagation",
                "aws_ec2_transit_gateway_route",
            ),
            Call("ec2", "DescribeTransitGatewayRouteTables", "TransitGatewayRouteTables"),
            _route_table,
            (ASSOCIATIONS, PROPAGATIONS, ROUTES),
            parallel=True,
        ),
        Part(("aws_vpn_gateway",), Call("ec2", "DescribeVpnGateways", "VpnGateways"), _vpn_gateway),
        Part(("aws_vpn_connection",), Call("ec2", "DescribeVpnConnections", "VpnConnections"), _vpn_connection),
        Part(("aws_customer_gateway",), Call("ec2", "DescribeCustomerGateways", "CustomerGateways"), _customer_gateway),
        Part(
            (
                "aws_ec2_client_vpn_endpoint",
                "aws_ec2_client_vpn_network_association",
                "aws_ec2_client_vpn_authorization_rule",
                "aws_ec2_client_vpn_route",
            ),
            Call("ec2", "DescribeClientVpnEndpoints", "ClientVpnEndpoints"),
            _client_vpn,
            (TARGET_NETWORKS, AUTHORIZATIONS, CLIENT_ROUTES),
            parallel=True,
        ),
        Part(
            ("aws_networkfirewall_firewall",),
            Call("network-firewall", "ListFirewalls", "Firewalls"),
            _firewall,
            (FIREWALL,),
        ),
        Part(
            ("aws_networkfirewall_firewall_policy",),
            Call("network-firewall", "ListFirewallPolicies", "FirewallPolicies"),
            _firewall_policy,
            (FIREWALL_POLICY,),
        ),
        Part(
            ("aws_route53_resolver_endpoint",),
            Call("route53resolver", "ListResolverEndpoints", "ResolverEndpoints"),
            _resolver_endpoint,
            (RESOLVER_ADDRESSES,),
        ),
        Part(
            ("aws_route53_resolver_rule",),
            Call("route53resolver", "ListResolverRules", "ResolverRules"),
            _resolver_rule,
        ),
    ),
)
