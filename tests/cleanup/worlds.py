"""Random VPC graphs in a simulated account, and AWS's rules of what may be deleted when, apart from the simulator."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import botocore.session

REGION = "us-east-1"
SERVICES = (
    "vpc", "ec2", "transit", "elb", "rds", "elasticache", "redshift", "lambda", "ecs", "eks", "efs", "opensearch",
    "autoscaling", "route53",
)  # fmt: skip
"""What the waste checks need to know before they call a part of a network unused."""

# What the simulator does not know, as AWS says that there are none.
CANNED = {
    ("ec2", "DescribeClientVpnEndpoints"): (
        '<DescribeClientVpnEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        "<requestId>1</requestId><clientVpnEndpoint/></DescribeClientVpnEndpointsResponse>"
    ),
}

# What is compared before and after: the call, its list, and the ids in it.
LISTS = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId"),
    ("describe_volumes", "Volumes", "VolumeId"),
    ("describe_instances", "Reservations", "ReservationId"),
)


def ec2() -> Any:
    """A client that asks past guardrails."""
    return botocore.session.Session().create_client("ec2", region_name=REGION)


def build(seed: int) -> None:
    """A random graph: parts that are used, parts that are not, and parts that hold each other."""
    chance, client = random.Random(seed), ec2()  # noqa: S311  # it draws worlds, not keys
    vpcs = [client.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(chance.randint(1, 3))]
    for number, vpc in enumerate(vpcs):
        _network(chance, client, number, vpc)
    for _ in range(chance.randint(0, 2)):
        client.create_internet_gateway()
    for _ in range(chance.randint(0, 2)):
        client.allocate_address(Domain="vpc")
    for _ in range(chance.randint(0, 2)):
        client.create_volume(Size=8, AvailabilityZone=f"{REGION}a", VolumeType=chance.choice(["gp2", "gp3"]))
    if len(vpcs) > 1 and chance.random() < 0.5:
        peering = client.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=vpcs[1])["VpcPeeringConnection"]
        client.accept_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
        if chance.random() < 0.5:
            table = client.create_route_table(VpcId=vpcs[0])["RouteTable"]["RouteTableId"]
            client.create_route(
                RouteTableId=table,
                DestinationCidrBlock="10.1.0.0/16",
                VpcPeeringConnectionId=peering["VpcPeeringConnectionId"],
            )


def _network(chance: random.Random, client: Any, number: int, vpc: str) -> None:
    empty = chance.random() < 0.4
    subnets = [
        client.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.{n}.0/24", AvailabilityZone=f"{REGION}a")["Subnet"][
            "SubnetId"
        ]
        for n in range(chance.randint(0, 3))
    ]
    groups = [
        client.create_security_group(GroupName=f"g{n}", Description="random", VpcId=vpc)["GroupId"]
        for n in range(chance.randint(0, 4))
    ]
    for group in groups:
        for other in groups:
            if chance.random() < 0.3:  # itself, chains and rings
                client.authorize_security_group_ingress(
                    GroupId=group,
                    IpPermissions=[
                        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": other}]}
                    ],
                )
    if chance.random() < 0.6:
        gateway = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    acls = [client.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"] for _ in range(chance.randint(0, 2))]
    tables = [client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(chance.randint(0, 3))]
    for subnet in subnets:
        if tables and chance.random() < 0.5:
            client.associate_route_table(RouteTableId=chance.choice(tables), SubnetId=subnet)
    if empty or not subnets:
        return
    interfaces = chance.randint(0, 2)
    for _ in range(interfaces):
        chosen = [each for each in groups if chance.random() < 0.4]
        client.create_network_interface(SubnetId=chance.choice(subnets), **({"Groups": chosen} if chosen else {}))
    # Not where all goes: the simulator keeps the associations of deleted subnets.
    if acls and interfaces and chance.random() < 0.5:
        found = client.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnets[0]]}])
        [association] = [
            each["NetworkAclAssociationId"]
            for acl in found["NetworkAcls"]
            for each in acl["Associations"]
            if each["SubnetId"] == subnets[0]
        ]
        client.replace_network_acl_association(AssociationId=association, NetworkAclId=acls[0])
    for _ in range(chance.randint(0, 1)):
        client.run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            SubnetId=chance.choice(subnets),
            SecurityGroupIds=[each for each in groups if chance.random() < 0.4],
        )
    for _ in range(chance.randint(0, 2)):
        address = client.allocate_address(Domain="vpc")["AllocationId"]
        nat = client.create_nat_gateway(SubnetId=chance.choice(subnets), AllocationId=address)["NatGateway"]
        if tables and chance.random() < 0.5:
            client.create_route(
                RouteTableId=tables[0],
                DestinationCidrBlock=f"{chance.randint(20, 90)}.0.0.0/8",
                NatGatewayId=nat["NatGatewayId"],
            )


def everything() -> dict[str, Any]:
    """All there is, by id, as the account itself tells it."""
    client, found = ec2(), {}
    for operation, member, key in LISTS:
        for item in getattr(client, operation)()[member]:
            found[item[key]] = json.loads(json.dumps(item, default=str, sort_keys=True))
    gone = {name for name, item in found.items() if _is_deleted(item)}
    # The simulator keeps the interfaces of deleted NAT gateways.
    gone |= {each["NetworkInterfaceId"] for name in gone for each in found[name].get("NatGatewayAddresses", ())}
    # And the default lists of deleted VPCs.
    gone |= {name for name, item in found.items() if item.get("IsDefault") and item["VpcId"] not in found}
    return {name: item for name, item in found.items() if name not in gone}


def _is_deleted(item: dict[str, Any]) -> bool:
    status = item.get("Status")
    return item.get("State") == "deleted" or (isinstance(status, dict) and status.get("Code") == "deleted")


class Rules:
    """What AWS refuses with `DependencyViolation` and its like, over what was there before."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.world = dict(world)

    def carry_out(self, call: str, params: dict[str, Any]) -> None:
        """Change the world as a call does. Raises `AssertionError` for one that AWS refuses."""
        match call.partition(":")[2]:
            case "ReleaseAddress":
                self._delete(params["AllocationId"], lambda me, _: "AssociationId" in me and bool(me["AssociationId"]))
            case "DeleteNatGateway":
                nat = self.world.pop(params["NatGatewayId"])
                for address in nat["NatGatewayAddresses"]:
                    self.world.pop(address["NetworkInterfaceId"], None)
                    self.world[address["AllocationId"]].pop("AssociationId", None)
            case "DeleteNetworkInterface":
                assert self.world[params["NetworkInterfaceId"]]["Status"] == "available"
                del self.world[params["NetworkInterfaceId"]]
            case "CreateSnapshot":
                assert params["VolumeId"] in self.world
            case "DeleteVolume":
                assert not self.world[params["VolumeId"]]["Attachments"]
                del self.world[params["VolumeId"]]
            case "DeleteVpcPeeringConnection":
                del self.world[params["VpcPeeringConnectionId"]]
            case "RevokeSecurityGroupIngress" | "RevokeSecurityGroupEgress" as operation:
                member = "IpPermissions" if operation.endswith("Ingress") else "IpPermissionsEgress"
                self._revoke(self.world[params["GroupId"]][member], params["IpPermissions"])
            case "DeleteSecurityGroup":
                self._delete(params["GroupId"], self._uses_group)
            case "DeleteVpc":
                self._delete_vpc(params["VpcId"])
            case operation:
                self._in_a_vpc(operation, params)

    def _in_a_vpc(self, operation: str, params: dict[str, Any]) -> None:
        match operation:
            case "DisassociateRouteTable":
                [table] = [each for each in self.world.values() if _association(each, params["AssociationId"])]
                table["Associations"].remove(_association(table, params["AssociationId"]))
            case "DetachInternetGateway":
                gateway = self.world[params["InternetGatewayId"]]
                assert [each["VpcId"] for each in gateway["Attachments"]] == [params["VpcId"]]
                assert not [i for i in self._interfaces(params["VpcId"]) if i.get("Association")], "a public address"
                gateway["Attachments"] = []
            case "DeleteInternetGateway":
                assert not self.world.pop(params["InternetGatewayId"])["Attachments"], "still attached"
            case "DeleteSubnet":
                name = params["SubnetId"]
                assert not [i for i in self.world.values() if _is_interface(i) and i["SubnetId"] == name]
                del self.world[name]
                for item in self.world.values():
                    if "Associations" in item:
                        item["Associations"] = [a for a in item["Associations"] if a.get("SubnetId") != name]
            case "DeleteRouteTable":
                assert not self.world.pop(params["RouteTableId"])["Associations"], "a subnet uses it"
            case "DeleteNetworkAcl":
                assert not self.world.pop(params["NetworkAclId"])["Associations"], "a subnet uses it"
            case other:
                raise AssertionError(f"{other} is nothing that a cleanup calls")

    def _delete(self, name: str, uses: Any) -> None:
        mine = self.world.pop(name)
        users = [other for other in (mine, *self.world.values()) if uses(mine, other)]
        assert not users, f"DependencyViolation: {name} is used by {users}"

    def _uses_group(self, mine: dict[str, Any], other: dict[str, Any]) -> bool:
        name = mine["GroupId"]
        if other is mine:
            return False
        rules = [*other.get("IpPermissions", ()), *other.get("IpPermissionsEgress", ())]
        named = any(pair["GroupId"] == name for rule in rules for pair in rule.get("UserIdGroupPairs", ()))
        return named or any(each.get("GroupId") == name for each in other.get("Groups", ()))

    def _revoke(self, rules: list[Any], given: list[Any]) -> None:
        for permission in given:
            for pair in permission["UserIdGroupPairs"]:
                hits = [
                    rule
                    for rule in rules
                    if (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
                    == (permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort"))
                    and any(each["GroupId"] == pair["GroupId"] for each in rule["UserIdGroupPairs"])
                ]
                assert hits, f"InvalidPermission.NotFound: {pair}"
                for rule in hits:
                    rule["UserIdGroupPairs"] = [
                        each for each in rule["UserIdGroupPairs"] if each["GroupId"] != pair["GroupId"]
                    ]

    def _interfaces(self, vpc: str) -> Iterator[dict[str, Any]]:
        return (each for each in self.world.values() if _is_interface(each) and each["VpcId"] == vpc)

    def _delete_vpc(self, vpc: str) -> None:
        inside = []
        for name, item in self.world.items():
            if name == vpc or item.get("VpcId") != vpc:
                attached = any(
                    each.get("VpcId") == vpc for each in item.get("Attachments", ()) if isinstance(each, dict)
                )
                sides = [item.get(side, {}).get("VpcId") for side in ("RequesterVpcInfo", "AccepterVpcInfo")]
                if not attached and vpc not in sides:
                    continue
            main = any(each.get("Main") for each in item.get("Associations", ()))
            if not (main or item.get("IsDefault") or item.get("GroupName") == "default"):
                inside.append(name)
        inside = [name for name in inside if name != vpc]
        assert not inside, f"DependencyViolation: {vpc} has {inside}"
        for name in [n for n, item in self.world.items() if n == vpc or item.get("VpcId") == vpc]:
            del self.world[name]


def _association(table: dict[str, Any], name: str) -> Any:
    found = [each for each in table.get("Associations", ()) if each.get("RouteTableAssociationId") == name]
    return found[0] if found else None


def _is_interface(item: dict[str, Any]) -> bool:
    return "NetworkInterfaceId" in item and "SubnetId" in item
