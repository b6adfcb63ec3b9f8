"""How each type of resource is removed: what is asked once more, what is saved first, and what is called."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Collection, Mapping
from typing import Any

from guardrails.cleanup.steps import Ask, Do, Kept, Removal, Step
from guardrails.model import Model, Resource, Unknown

MARK = [{"Key": "guardrails:cleanup", "Value": "saved before removal"}]
"""The tag of what is saved first."""

Build = Callable[[Resource], Removal]


def can_remove(type_: str) -> bool:
    """Whether there is a way to remove resources of a type; others are for people to remove."""
    return type_ == "aws_vpc" or type_ in _BUILDERS


def removal(resource: Resource, planned: Collection[str]) -> Removal:
    """How to remove a resource of a live account; `planned` are the names of all that the plan removes by itself.

    Raises `Unknown` where the removal would rest on what is not known, and `KeyError` for a type of which
    `can_remove` says no.
    """
    return _vpc(resource, planned) if resource.type == "aws_vpc" else _BUILDERS[resource.type](resource)


def _made(resource: Resource, *steps: Step, undo: str, takes: tuple[str, ...] = ()) -> Removal:
    for step in steps:
        for name, value in step.params.items():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and (not text or text.startswith("-") or not text.isprintable()):
                    # An empty name could mean everything, and one with a dash another option: a snapshot is a file.
                    raise Unknown(f"{resource.address}: {name}: {text!r} is no name that AWS gives")
    return Removal(tuple(steps), undo, resource.region, takes)


def _filter(name: str, value: str) -> list[Any]:
    return [{"Name": name, "Values": [value]}]


def _literal(value: object) -> str:
    """A value in a JMESPath expression."""
    return "`" + json.dumps(value).replace("`", "\\`") + "`"


def _same(path: str, ids: list[str]) -> str:
    """That a list of an answer holds exactly these."""
    return f"sort({path}) == {_literal(sorted(ids))}"


def _tags(kind: str) -> list[Any]:
    return [{"ResourceType": kind, "Tags": MARK}]


# The network


def _address(eip: Resource) -> Removal:
    allocation, address = eip.text("allocation_id"), eip.text("public_ip")
    return _made(
        eip,
        Ask(
            "ec2",
            "DescribeAddresses",
            {"AllocationIds": [allocation]},
            "length(Addresses) == `1` && !(Addresses[0].AssociationId)",
            "it is attached again",
        ),
        Do("ec2", "ReleaseAddress", {"AllocationId": allocation}, absent=("InvalidAllocationID.NotFound",)),
        undo=f"aws ec2 allocate-address --domain vpc --address {address}, as long as AWS has not given it away",
    )


def _nat(nat: Resource) -> Removal:
    name = nat.name
    return _made(
        nat,
        Ask(
            "ec2",
            "DescribeRouteTables",
            {"Filters": _filter("route.nat-gateway-id", name)},
            "length(RouteTables) == `0`",
            "a route leads to it again",
        ),
        Do(
            "ec2",
            "DeleteNatGateway",
            {"NatGatewayId": name},
            wait="nat_gateway_deleted",
            wait_for={"NatGatewayIds": [name]},
            absent=("NatGatewayNotFound",),
        ),
        undo=(
            f"aws ec2 create-nat-gateway --subnet-id {nat.text('subnet_id')}"
            f" --allocation-id {nat.text('allocation_id')}: its address stays, and is told by the next run"
        ),
    )


def _interface(interface: Resource) -> Removal:
    name = interface.name
    groups = " ".join(interface.texts("security_groups"))
    return _made(
        interface,
        Ask(
            "ec2",
            "DescribeNetworkInterfaces",
            {"NetworkInterfaceIds": [name]},
            "NetworkInterfaces[0].Status == 'available'",
            "it is attached again",
        ),
        Do(
            "ec2",
            "DeleteNetworkInterface",
            {"NetworkInterfaceId": name},
            absent=("InvalidNetworkInterfaceID.NotFound",),
        ),
        undo=f"aws ec2 create-network-interface --subnet-id {interface.text('subnet_id')} --groups {groups}",
    )


def _group(group: Resource) -> Removal:
    return _made(
        group,
        *_free_group(group.name),
        Do("ec2", "DeleteSecurityGroup", {"GroupId": group.name}, absent=("InvalidGroup.NotFound",)),
        undo="aws ec2 create-security-group, with the rules that the journal keeps",
    )


def _free_group(name: str) -> tuple[Ask, Ask]:
    own = _literal(name)
    return (
        Ask(
            "ec2",
            "DescribeNetworkInterfaces",
            {"Filters": _filter("group-id", name)},
            "length(NetworkInterfaces) == `0`",
            "a network interface has it",
        ),
        Ask(
            "ec2",
            "DescribeSecurityGroups",
            {},
            f"length(SecurityGroups[?GroupId != {own}].[IpPermissions, IpPermissionsEgress][][]"
            f".UserIdGroupPairs[?GroupId == {own}][]) == `0`",
            "a rule of another group names it",
        ),
    )


def _internet_gateway(gateway: Resource) -> Removal:
    name = gateway.name
    return _made(
        gateway,
        Ask(
            "ec2",
            "DescribeInternetGateways",
            {"InternetGatewayIds": [name]},
            "length(InternetGateways[0].Attachments) == `0`",
            "it is attached again",
        ),
        Do("ec2", "DeleteInternetGateway", {"InternetGatewayId": name}, absent=("InvalidInternetGatewayID.NotFound",)),
        undo="aws ec2 create-internet-gateway",
    )


def _route_table(table: Resource) -> Removal:
    name = table.name
    return _made(
        table,
        Ask(
            "ec2",
            "DescribeRouteTables",
            {"RouteTableIds": [name]},
            "length(RouteTables[0].Associations) == `0`"
            " && length(RouteTables[0].Routes[?starts_with(GatewayId || '', 'vpce-')]) == `0`",
            "a subnet, a gateway or an endpoint uses it",
        ),
        Do("ec2", "DeleteRouteTable", {"RouteTableId": name}, absent=("InvalidRouteTableID.NotFound",)),
        undo=f"aws ec2 create-route-table --vpc-id {table.text('vpc_id')}, with the routes that the journal keeps",
    )


def _network_acl(acl: Resource) -> Removal:
    name = acl.name
    return _made(
        acl,
        Ask(
            "ec2",
            "DescribeNetworkAcls",
            {"NetworkAclIds": [name]},
            "length(NetworkAcls[0].Associations) == `0` && !(NetworkAcls[0].IsDefault)",
            "a subnet uses it",
        ),
        Do("ec2", "DeleteNetworkAcl", {"NetworkAclId": name}, absent=("InvalidNetworkAclID.NotFound",)),
        undo=f"aws ec2 create-network-acl --vpc-id {acl.text('vpc_id')}, with the entries that the journal keeps",
    )


def _vpc(vpc: Resource, planned: Collection[str]) -> Removal:
    """With what belongs to it and was there when the plan was made, but for what the plan removes by itself before."""
    model, name = vpc.model, vpc.name
    own = {"Filters": _filter("vpc-id", name)}
    subnets, tables, acls, groups = (
        _inside(model, name, planned, *types)
        for types in (
            ("aws_subnet", "aws_default_subnet"),
            ("aws_route_table",),
            ("aws_network_acl",),
            ("aws_security_group",),
        )
    )
    gateways, egress = (
        _inside(model, name, planned, type_) for type_ in ("aws_internet_gateway", "aws_egress_only_internet_gateway")
    )
    changed = "something was added to it since the plan was made, or taken away"
    asks: list[Step] = [
        Ask(
            "ec2",
            "DescribeNetworkInterfaces",
            own,
            "length(NetworkInterfaces) == `0`",
            "something has an address in it again",
        ),
        Ask("ec2", "DescribeSubnets", own, _same("Subnets[].SubnetId", _ids(subnets)), changed),
        Ask(
            "ec2",
            "DescribeRouteTables",
            own,
            _same("RouteTables[?!(Associations[?Main] | [0])].RouteTableId", _ids(tables)),
            changed,
        ),
        Ask("ec2", "DescribeNetworkAcls", own, _same("NetworkAcls[?!IsDefault].NetworkAclId", _ids(acls)), changed),
        Ask(
            "ec2",
            "DescribeSecurityGroups",
            own,
            _same("SecurityGroups[?GroupName != 'default'].GroupId", _ids(groups)),
            changed,
        ),
        Ask(
            "ec2",
            "DescribeInternetGateways",
            {"Filters": _filter("attachment.vpc-id", name)},
            _same("InternetGateways[].InternetGatewayId", _ids(gateways)),
            changed,
        ),
        *(_free_of_others(group, groups) for group in _ids(groups)),
    ]
    changes: list[Step] = [
        Do("ec2", "DisassociateRouteTable", {"AssociationId": each.name})
        for each in model.resources("aws_route_table_association")
        if each.text("route_table_id") in _ids(tables)
    ]
    for gateway in _ids(gateways):
        changes.append(Do("ec2", "DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": name}))
        changes.append(Do("ec2", "DeleteInternetGateway", {"InternetGatewayId": gateway}))
    changes += (
        Do("ec2", "DeleteEgressOnlyInternetGateway", {"EgressOnlyInternetGatewayId": each}) for each in _ids(egress)
    )
    changes += (Do("ec2", "DeleteSubnet", {"SubnetId": each}) for each in _ids(subnets))
    changes += (Do("ec2", "DeleteRouteTable", {"RouteTableId": each}) for each in _ids(tables))
    changes += (Do("ec2", "DeleteNetworkAcl", {"NetworkAclId": each}) for each in _ids(acls))
    for group in groups:
        changes += _revoked(group)
    changes += (Do("ec2", "DeleteSecurityGroup", {"GroupId": each}) for each in _ids(groups))
    changes.append(Do("ec2", "DeleteVpc", {"VpcId": name}))
    return _made(
        vpc,
        *asks,
        *changes,
        undo="it is made anew from what the journal keeps, with other ids",
        takes=tuple(_ids([*gateways, *egress, *subnets, *tables, *acls, *groups])),
    )


def _inside(model: Model, vpc: str, planned: Collection[str], *types: str) -> list[Resource]:
    return [each for each in model.resources(*types) if each.text("vpc_id") == vpc and each.name not in planned]


def _ids(resources: list[Resource]) -> list[str]:
    return [each.name for each in resources]


def _free_of_others(group: str, own: list[Resource]) -> Ask:
    names = _literal(sorted(_ids(own)))
    return Ask(
        "ec2",
        "DescribeSecurityGroups",
        {},
        f"length(SecurityGroups[?!contains({names}, GroupId) && GroupName != 'default']"
        f".[IpPermissions, IpPermissionsEgress][][].UserIdGroupPairs[?GroupId == {_literal(group)}][]) == `0`",
        f"a rule of a group outside names {group}",
    )


def _revoked(group: Resource) -> list[Step]:
    """The rules that name other groups go first: two groups that name each other could not be deleted otherwise."""
    steps: list[Step] = []
    for direction, operation in (
        ("ingress", "RevokeSecurityGroupIngress"),
        ("egress", "RevokeSecurityGroupEgress"),
    ):
        for rule in group.blocks(direction):
            others = [each for each in rule.texts("security_groups") if "/" not in each]
            if others:
                permission: dict[str, Any] = {
                    "IpProtocol": rule.text("protocol"),
                    "UserIdGroupPairs": [{"GroupId": each} for each in others],
                }
                if permission["IpProtocol"] != "-1":
                    permission |= {"FromPort": rule.number("from_port"), "ToPort": rule.number("to_port")}
                steps.append(Do("ec2", operation, {"GroupId": group.name, "IpPermissions": [permission]}))
    return steps


def _peering(peering: Resource) -> Removal:
    name = peering.name
    return _made(
        peering,
        Ask(
            "ec2",
            "DescribeRouteTables",
            {"Filters": _filter("route.vpc-peering-connection-id", name)},
            "length(RouteTables) == `0`",
            "a route leads to it",
        ),
        Do(
            "ec2",
            "DeleteVpcPeeringConnection",
            {"VpcPeeringConnectionId": name},
            absent=("InvalidVpcPeeringConnectionID.NotFound",),
        ),
        undo="both sides have to make and accept a new one",
    )


def _vpn_gateway(gateway: Resource) -> Removal:
    name = gateway.name
    customer = gateway.type == "aws_customer_gateway"
    kind = "customer-gateway-id" if customer else "vpn-gateway-id"
    steps: list[Step] = [
        Ask(
            "ec2",
            "DescribeVpnConnections",
            {"Filters": _filter(kind, name)},
            "length(VpnConnections[?State != 'deleted']) == `0`",
            "a VPN connection uses it",
        )
    ]
    if customer:
        steps.append(Do("ec2", "DeleteCustomerGateway", {"CustomerGatewayId": name}))
    else:
        steps.append(
            Ask(
                "ec2",
                "DescribeVpnGateways",
                {"VpnGatewayIds": [name]},
                "length(VpnGateways[0].VpcAttachments[?State != 'detached']) == `0`",
                "it is attached again",
            )
        )
        steps.append(Do("ec2", "DeleteVpnGateway", {"VpnGatewayId": name}))
    return _made(gateway, *steps, undo="it is made anew, with another id")


# Machines and disks


def _volume(volume: Resource) -> Removal:
    name = volume.name
    free = Ask(
        "ec2",
        "DescribeVolumes",
        {"VolumeIds": [name]},
        "Volumes[0].State == 'available' && length(Volumes[0].Attachments) == `0`",
        "it is attached again",
    )
    return _made(
        volume,
        free,
        Do(
            "ec2",
            "CreateSnapshot",
            {
                "VolumeId": name,
                "Description": f"{name} before its removal",
                "TagSpecifications": _tags("snapshot"),
            },
            keep="snapshot",
            query="SnapshotId",
            wait="snapshot_completed",
            wait_for={"SnapshotIds": [Kept("snapshot")]},
        ),
        free,  # a snapshot can take hours
        Do("ec2", "DeleteVolume", {"VolumeId": name}, absent=("InvalidVolume.NotFound",)),
        undo=(
            f"aws ec2 create-volume --snapshot-id $snapshot --volume-type {volume.text('type')}"
            f" --availability-zone {volume.text('availability_zone')}"
        ),
    )


def _snapshot(snapshot: Resource) -> Removal:
    name, volume = snapshot.name, snapshot.text("volume_id")
    return _made(
        snapshot,
        Ask(
            "ec2",
            "DescribeImages",
            {"Owners": ["self"]},
            f"length(Images[].BlockDeviceMappings[?Ebs.SnapshotId == {_literal(name)}][]) == `0`",
            "an image uses it",
        ),
        Ask(
            "ec2",
            "DescribeVolumes",
            {"Filters": _filter("volume-id", volume)},
            "length(Volumes) == `0`",
            "its volume is there",
        ),
        Ask(
            "ec2",
            "DescribeSnapshotAttribute",
            {"SnapshotId": name, "Attribute": "createVolumePermission"},
            "length(CreateVolumePermissions || `[]`) == `0`",
            "it is shared with other accounts",
        ),
        Do("ec2", "DeleteSnapshot", {"SnapshotId": name}, absent=("InvalidSnapshot.NotFound",)),
        undo="none, unless a rule of the Recycle Bin keeps it",
    )


def _image(image: Resource) -> Removal:
    name = image.name
    return _made(
        image,
        Ask(
            "ec2",
            "DescribeInstances",
            {"Filters": _filter("image-id", name)},
            "length(Reservations[].Instances[?State.Name != 'terminated'][]) == `0`",
            "an instance was made of it",
        ),
        Ask(
            "ec2",
            "DescribeImageAttribute",
            {"ImageId": name, "Attribute": "launchPermission"},
            "length(LaunchPermissions || `[]`) == `0`",
            "it is shared with other accounts",
        ),
        Do("ec2", "DeregisterImage", {"ImageId": name}, absent=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")),
        undo="aws ec2 register-image with its snapshots, which stay and are told by the next run",
    )


def _instance(instance: Resource) -> Removal:
    name = instance.name
    stopped = Ask(
        "ec2",
        "DescribeInstances",
        {"InstanceIds": [name]},
        "Reservations[0].Instances[0].State.Name == 'stopped'",
        "it runs again",
    )
    return _made(
        instance,
        stopped,
        Do(
            "ec2",
            "CreateImage",
            {
                "InstanceId": name,
                "Name": f"{name} before its removal",
                "NoReboot": True,
                "TagSpecifications": _tags("image"),
            },
            keep="image",
            query="ImageId",
            wait="image_available",
            wait_for={"ImageIds": [Kept("image")]},
        ),
        stopped,
        Do(
            "ec2",
            "TerminateInstances",
            {"InstanceIds": [name]},
            wait="instance_terminated",
            wait_for={"InstanceIds": [name]},
            absent=("InvalidInstanceID.NotFound",),
        ),
        undo=(
            f"aws ec2 run-instances --image-id $image --instance-type {instance.text('instance_type')}"
            f" --subnet-id {instance.text('subnet_id')}"
        ),
    )


def _scaling_group(group: Resource) -> Removal:
    name = group.text("name")
    return _made(
        group,
        Ask(
            "autoscaling",
            "DescribeAutoScalingGroups",
            {"AutoScalingGroupNames": [name]},
            "AutoScalingGroups[0].DesiredCapacity == `0` && length(AutoScalingGroups[0].Instances) == `0`",
            "it has instances again",
        ),
        Do("autoscaling", "DeleteAutoScalingGroup", {"AutoScalingGroupName": name}),
        undo="aws autoscaling create-auto-scaling-group, with what the journal keeps",
    )


# Load balancers


def _balancer(balancer: Resource) -> Removal:
    arn, model = balancer.text("id"), balancer.model
    listeners = [
        each.text("arn") for each in model.resources("aws_lb_listener") if each.text("load_balancer_arn") == arn
    ]
    groups = [
        each.text("id")
        for each in model.resources("aws_lb_target_group")
        if arn in list(each.texts("load_balancer_arns"))
    ]
    changed = "it has other listeners or target groups than when the plan was made"
    steps: list[Step] = [
        Ask(
            "elbv2",
            "DescribeListeners",
            {"LoadBalancerArn": arn},
            f"{_same('Listeners[].ListenerArn', listeners)} && length(Listeners[].DefaultActions[]"
            "[?Type == 'redirect' || Type == 'fixed-response'][]) == `0`",
            changed,
        ),
        Ask(
            "elbv2",
            "DescribeLoadBalancerAttributes",
            {"LoadBalancerArn": arn},
            "length(Attributes[?Key == 'deletion_protection.enabled' && Value == 'true']) == `0`",
            "it is protected from deletion",
        ),
    ]
    steps += (
        Ask(
            "elbv2",
            "DescribeTargetHealth",
            {"TargetGroupArn": group},
            "length(TargetHealthDescriptions) == `0`",
            "it has targets again",
        )
        for group in groups
    )
    steps.append(
        Do(
            "elbv2",
            "DeleteLoadBalancer",
            {"LoadBalancerArn": arn},
            wait="load_balancers_deleted",
            wait_for={"LoadBalancerArns": [arn]},
        )
    )
    return _made(balancer, *steps, undo="it is made anew, under another name in DNS")


def _classic_balancer(balancer: Resource) -> Removal:
    name = balancer.name
    return _made(
        balancer,
        Ask(
            "elb",
            "DescribeLoadBalancers",
            {"LoadBalancerNames": [name]},
            "length(LoadBalancerDescriptions[0].Instances) == `0`",
            "it has instances again",
        ),
        Do("elb", "DeleteLoadBalancer", {"LoadBalancerName": name}),
        undo="it is made anew, under another name in DNS",
    )


def _target_group(group: Resource) -> Removal:
    arn = group.text("id")
    return _made(
        group,
        Ask(
            "elbv2",
            "DescribeTargetGroups",
            {"TargetGroupArns": [arn]},
            "length(TargetGroups[0].LoadBalancerArns) == `0`",
            "a load balancer sends to it",
        ),
        Do("elbv2", "DeleteTargetGroup", {"TargetGroupArn": arn}),
        undo="aws elbv2 create-target-group, with what the journal keeps",
    )


# Databases


def _database_snapshot(snapshot: Resource) -> Removal:
    name = snapshot.name
    cluster = "Cluster" if snapshot.type == "aws_db_cluster_snapshot" else ""
    params = {f"DB{cluster}SnapshotIdentifier": name}
    return _made(
        snapshot,
        Ask(
            "rds",
            f"DescribeDB{cluster}SnapshotAttributes",
            params,
            f"length(DB{cluster}SnapshotAttributesResult.DB{cluster}SnapshotAttributes"
            "[?AttributeName == 'restore'].AttributeValues[]) == `0`",
            "it is shared with other accounts",
        ),
        Do("rds", f"DeleteDB{cluster}Snapshot", params, absent=(f"DB{cluster}SnapshotNotFoundFault",)),
        undo="none",
    )


_DATABASE_GROUPS: Mapping[str, tuple[str, str, str, str, str]] = {
    # What may use it, which of its fields tells, and how it is deleted.
    "aws_db_parameter_group": (
        "rds",
        "DescribeDBInstances",
        "DBInstances[?DBParameterGroups[?DBParameterGroupName == {}]]",
        "DeleteDBParameterGroup",
        "DBParameterGroupName",
    ),
    "aws_rds_cluster_parameter_group": (
        "rds",
        "DescribeDBClusters",
        "DBClusters[?DBClusterParameterGroup == {}]",
        "DeleteDBClusterParameterGroup",
        "DBClusterParameterGroupName",
    ),
    "aws_db_subnet_group": (
        "rds",
        "DescribeDBInstances",
        "DBInstances[?DBSubnetGroup.DBSubnetGroupName == {}]",
        "DeleteDBSubnetGroup",
        "DBSubnetGroupName",
    ),
    "aws_elasticache_subnet_group": (
        "elasticache",
        "DescribeCacheClusters",
        "CacheClusters[?CacheSubnetGroupName == {}]",
        "DeleteCacheSubnetGroup",
        "CacheSubnetGroupName",
    ),
    "aws_redshift_subnet_group": (
        "redshift",
        "DescribeClusters",
        "Clusters[?ClusterSubnetGroupName == {}]",
        "DeleteClusterSubnetGroup",
        "ClusterSubnetGroupName",
    ),
}


def _database_group(group: Resource) -> Removal:
    client, ask, query, operation, member = _DATABASE_GROUPS[group.type]
    return _made(
        group,
        Ask(client, ask, {}, f"length({query.format(_literal(group.name))}) == `0`", "a database uses it"),
        Do(client, operation, {member: group.name}),
        undo="it is made anew from what the journal keeps",
    )


# Containers, secrets, keys, alarms


def _container_cluster(cluster: Resource) -> Removal:
    arn = cluster.text("arn")
    return _made(
        cluster,
        Ask(
            "ecs",
            "DescribeClusters",
            {"clusters": [arn]},
            "clusters[0].runningTasksCount == `0` && clusters[0].activeServicesCount == `0`"
            " && clusters[0].registeredContainerInstancesCount == `0`",
            "something runs in it again",
        ),
        Do("ecs", "DeleteCluster", {"cluster": arn}),
        undo=f"aws ecs create-cluster --cluster-name {shlex.quote(cluster.text('name'))}",
    )


def _secret(secret: Resource) -> Removal:
    arn, day = secret.text("arn"), secret.text("last_accessed_date")[:10]
    read = f"contains(to_string(LastAccessedDate), {_literal(day)})" if day else "!LastAccessedDate"
    return _made(
        secret,
        Ask("secretsmanager", "DescribeSecret", {"SecretId": arn}, f"!DeletedDate && {read}", "somebody has read it"),
        Do("secretsmanager", "DeleteSecret", {"SecretId": arn, "RecoveryWindowInDays": 30}),
        undo=f"aws secretsmanager restore-secret --secret-id {arn}, for 30 days",
    )


def _key(key: Resource) -> Removal:
    name = key.name
    return _made(
        key,
        Ask("kms", "DescribeKey", {"KeyId": name}, "KeyMetadata.KeyState == 'Disabled'", "it is enabled again"),
        Do("kms", "ScheduleKeyDeletion", {"KeyId": name, "PendingWindowInDays": 30}),
        undo=f"aws kms cancel-key-deletion --key-id {name}, for 30 days",
    )


def _alarm(alarm: Resource) -> Removal:
    name = alarm.name
    return _made(
        alarm,
        Ask(
            "cloudwatch",
            "DescribeAlarms",
            {"AlarmNames": [name]},
            "MetricAlarms[0].StateValue == 'INSUFFICIENT_DATA'",
            "it has data again",
        ),
        Do("cloudwatch", "DeleteAlarms", {"AlarmNames": [name]}),
        undo="aws cloudwatch put-metric-alarm, with what the journal keeps",
    )


_BUILDERS: Mapping[str, Build] = {
    "aws_ami": _image,
    "aws_autoscaling_group": _scaling_group,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_customer_gateway": _vpn_gateway,
    "aws_db_cluster_snapshot": _database_snapshot,
    "aws_db_snapshot": _database_snapshot,
    "aws_ebs_snapshot": _snapshot,
    "aws_ebs_volume": _volume,
    "aws_ecs_cluster": _container_cluster,
    "aws_eip": _address,
    "aws_elb": _classic_balancer,
    "aws_instance": _instance,
    "aws_internet_gateway": _internet_gateway,
    "aws_kms_key": _key,
    "aws_lb": _balancer,
    "aws_lb_target_group": _target_group,
    "aws_nat_gateway": _nat,
    "aws_network_acl": _network_acl,
    "aws_network_interface": _interface,
    "aws_route_table": _route_table,
    "aws_secretsmanager_secret": _secret,
    "aws_security_group": _group,
    "aws_vpc_peering_connection": _peering,
    "aws_vpn_gateway": _vpn_gateway,
    **dict.fromkeys(_DATABASE_GROUPS, _database_group),
}
