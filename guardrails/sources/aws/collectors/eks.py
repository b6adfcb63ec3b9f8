"""EKS: clusters, who may reach and administer them, node groups and add-ons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import CallFailedError, Scope
from guardrails.sources.aws.shape import at, block, pick, redacted, tags_of, when

CLUSTER = Call("eks", "DescribeCluster")
LIST_NODE_GROUPS = Call("eks", "ListNodegroups", "nodegroups")
NODE_GROUP = Call("eks", "DescribeNodegroup")
LIST_PROFILES = Call("eks", "ListFargateProfiles", "fargateProfileNames")
PROFILE = Call("eks", "DescribeFargateProfile")
LIST_ENTRIES = Call("eks", "ListAccessEntries", "accessEntries", absent=("InvalidRequestException",))
ENTRY = Call("eks", "DescribeAccessEntry")
LIST_ADDONS = Call("eks", "ListAddons", "addons")
ADDON = Call("eks", "DescribeAddon")


def _cluster(aws: Scope, name: Any) -> Iterator[Record]:
    answer = next(iter(aws.every(CLUSTER, name=name)), None)
    if answer is None:
        raise CallFailedError(f"unexpected answer: {CLUSTER.name}: no {name}")
    item = answer["cluster"]
    vpc = item.get("resourcesVpcConfig") or {}
    access = item.get("accessConfig") or {}
    logs = at(item, "logging", "clusterLogging", default=[])
    yield aws.record(
        "aws_eks_cluster",
        name,
        {
            **pick(
                item,
                name="name",
                arn="arn",
                endpoint="endpoint",
                role_arn="roleArn",
                version="version",
                platform_version="platformVersion",
                status="status",
            ),
            "created_at": when(item.get("createdAt")),
            "enabled_cluster_log_types": sorted(t for one in logs if one.get("enabled") for t in one.get("types", [])),
            "vpc_config": [
                {
                    "vpc_id": vpc.get("vpcId", ""),
                    "subnet_ids": sorted(vpc.get("subnetIds", [])),
                    "security_group_ids": sorted(vpc.get("securityGroupIds", [])),
                    "cluster_security_group_id": vpc.get("clusterSecurityGroupId", ""),
                    "endpoint_public_access": vpc.get("endpointPublicAccess"),
                    "endpoint_private_access": vpc.get("endpointPrivateAccess"),
                    "public_access_cidrs": sorted(vpc.get("publicAccessCidrs", [])),
                }
            ],
            "access_config": block({"authentication_mode": access.get("authenticationMode")}),
            "encryption_config": [
                {
                    "resources": sorted(one.get("resources", [])),
                    "provider": block(pick(one.get("provider"), key_arn="keyArn")),
                }
                for one in item.get("encryptionConfig", [])
            ],
            "kubernetes_network_config": block(
                pick(
                    item.get("kubernetesNetworkConfig"),
                    ip_family="ipFamily",
                    service_ipv4_cidr="serviceIpv4Cidr",
                    service_ipv6_cidr="serviceIpv6Cidr",
                )
            ),
            "identity": [{"oidc": [{"issuer": issuer}]}] if (issuer := at(item, "identity", "oidc", "issuer")) else [],
            "upgrade_policy": block(pick(item.get("upgradePolicy"), support_type="supportType")),
            **tags_of(item.get("tags")),
        },
    )
    yield from _node_groups(aws, name)
    yield from _profiles(aws, name)
    if access.get("authenticationMode") in ("API", "API_AND_CONFIG_MAP"):
        yield from _entries(aws, name)
    for addon in aws.items(LIST_ADDONS, gap=("aws_eks_addon",), clusterName=name):
        if not isinstance(addon, UnknownValue):
            yield from _addon(aws, name, addon)


def _node_groups(aws: Scope, cluster: str) -> Iterator[Record]:
    for name in aws.items(LIST_NODE_GROUPS, gap=("aws_eks_node_group",), clusterName=cluster):
        if isinstance(name, UnknownValue):
            continue
        answer = aws.read(NODE_GROUP, gap=("aws_eks_node_group",), clusterName=cluster, nodegroupName=name)
        if isinstance(answer, UnknownValue):
            continue
        item = answer["nodegroup"]
        remote = item.get("remoteAccess")
        yield aws.record(
            "aws_eks_node_group",
            f"{cluster}:{name}",
            {
                **pick(
                    item,
                    arn="nodegroupArn",
                    cluster_name="clusterName",
                    node_group_name="nodegroupName",
                    ami_type="amiType",
                    capacity_type="capacityType",
                    disk_size="diskSize",
                    instance_types="instanceTypes",
                    node_role_arn="nodeRole",
                    release_version="releaseVersion",
                    status="status",
                    version="version",
                ),
                "labels": dict(item.get("labels", {})),
                "subnet_ids": sorted(item.get("subnets", [])),
                "scaling_config": block(
                    pick(item.get("scalingConfig"), desired_size="desiredSize", max_size="maxSize", min_size="minSize")
                ),
                "launch_template": block(pick(item.get("launchTemplate"), id="id", name="name", version="version")),
                "remote_access": [
                    {
                        "ec2_ssh_key": remote.get("ec2SshKey", ""),
                        "source_security_group_ids": sorted(remote.get("sourceSecurityGroups", [])),
                    }
                ]
                if remote
                else [],
                "resources": [
                    {
                        "autoscaling_groups": [
                            {"name": g["name"]} for g in at(item, "resources", "autoScalingGroups", default=[])
                        ],
                        "remote_access_security_group_id": at(
                            item, "resources", "remoteAccessSecurityGroup", default=""
                        ),
                    }
                ],
                **tags_of(item.get("tags")),
            },
        )


def _profiles(aws: Scope, cluster: str) -> Iterator[Record]:
    types = ("aws_eks_fargate_profile",)
    for name in aws.items(LIST_PROFILES, gap=types, clusterName=cluster):
        if isinstance(name, UnknownValue):
            continue
        answer = aws.read(PROFILE, gap=types, clusterName=cluster, fargateProfileName=name)
        if isinstance(answer, UnknownValue):
            continue
        item = answer["fargateProfile"]
        yield aws.record(
            "aws_eks_fargate_profile",
            f"{cluster}:{name}",
            {
                **pick(
                    item,
                    arn="fargateProfileArn",
                    cluster_name="clusterName",
                    fargate_profile_name="fargateProfileName",
                    pod_execution_role_arn="podExecutionRoleArn",
                    status="status",
                ),
                "subnet_ids": sorted(item.get("subnets", [])),
                "selector": [
                    {"namespace": one.get("namespace"), "labels": dict(one.get("labels", {}))}
                    for one in item.get("selectors", [])
                ],
                **tags_of(item.get("tags")),
            },
        )


def _entries(aws: Scope, cluster: str) -> Iterator[Record]:
    types = ("aws_eks_access_entry",)
    for principal in aws.items(LIST_ENTRIES, gap=types, clusterName=cluster):
        if isinstance(principal, UnknownValue):
            continue
        answer = aws.read(ENTRY, gap=types, clusterName=cluster, principalArn=principal)
        if isinstance(answer, UnknownValue):
            continue
        item = answer["accessEntry"]
        yield aws.record(
            "aws_eks_access_entry",
            f"{cluster}:{principal}",
            {
                **pick(
                    item,
                    access_entry_arn="accessEntryArn",
                    cluster_name="clusterName",
                    principal_arn="principalArn",
                    type="type",
                    user_name="username",
                ),
                "kubernetes_groups": sorted(item.get("kubernetesGroups", [])),
                **tags_of(item.get("tags")),
            },
            arn=item.get("accessEntryArn", ""),
        )


def _addon(aws: Scope, cluster: str, name: str) -> Iterator[Record]:
    answer = aws.read(ADDON, gap=("aws_eks_addon",), clusterName=cluster, addonName=name)
    if isinstance(answer, UnknownValue):
        return
    item = answer["addon"]
    yield aws.record(
        "aws_eks_addon",
        f"{cluster}:{name}",
        {
            **pick(
                item,
                arn="addonArn",
                addon_name="addonName",
                addon_version="addonVersion",
                cluster_name="clusterName",
                status="status",
            ),
            "configuration_values": redacted() if item.get("configurationValues") else "",
            "service_account_role_arn": item.get("serviceAccountRoleArn", ""),
            **tags_of(item.get("tags")),
        },
    )


SERVICE = Service(
    "eks",
    (
        Part(
            (
                "aws_eks_cluster",
                "aws_eks_node_group",
                "aws_eks_fargate_profile",
                "aws_eks_access_entry",
                "aws_eks_addon",
            ),
            Call("eks", "ListClusters", "clusters"),
            _cluster,
            (CLUSTER, LIST_NODE_GROUPS, NODE_GROUP, LIST_PROFILES, PROFILE, LIST_ENTRIES, ENTRY, LIST_ADDONS, ADDON),
            parallel=True,
        ),
    ),
)
