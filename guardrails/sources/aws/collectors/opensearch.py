"""OpenSearch: domains, who may reach them, and how they are encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, pick

DOMAINS = Call("opensearch", "DescribeDomains", "DomainStatusList")


_BATCH = 5  # domains that AWS describes at once


def _domains(aws: Scope, page: Answer) -> Iterator[Record]:
    names = [listed["DomainName"] for listed in page["DomainNames"]]
    for start in range(0, len(names), _BATCH):
        for item in aws.every(DOMAINS, DomainNames=names[start : start + _BATCH]):
            yield from aws.careful(_domain, item, PART)


def _domain(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["DomainName"]
    arn, vpc = item["ARN"], item.get("VPCOptions") or {}
    endpoint = item.get("Endpoint") or at(item, "Endpoints", "vpc", default="")
    yield aws.record(
        "aws_opensearch_domain",
        name,
        {
            "id": arn,
            "arn": arn,
            **pick(
                item,
                domain_name="DomainName",
                domain_id="DomainId",
                engine_version="EngineVersion",
                ip_address_type="IPAddressType",
            ),
            "endpoint": endpoint,
            "access_policies": item.get("AccessPolicies", ""),
            "advanced_options": dict(item.get("AdvancedOptions", {})),
            "cluster_config": _one(
                item.get("ClusterConfig"),
                instance_type="InstanceType",
                instance_count="InstanceCount",
                dedicated_master_enabled="DedicatedMasterEnabled",
                dedicated_master_type="DedicatedMasterType",
                dedicated_master_count="DedicatedMasterCount",
                zone_awareness_enabled="ZoneAwarenessEnabled",
                warm_enabled="WarmEnabled",
            ),
            "ebs_options": _one(
                item.get("EBSOptions"),
                ebs_enabled="EBSEnabled",
                volume_type="VolumeType",
                volume_size="VolumeSize",
                iops="Iops",
                throughput="Throughput",
            ),
            "encrypt_at_rest": _one(item.get("EncryptionAtRestOptions"), enabled="Enabled", kms_key_id="KmsKeyId"),
            "node_to_node_encryption": _one(item.get("NodeToNodeEncryptionOptions"), enabled="Enabled"),
            "domain_endpoint_options": _one(
                item.get("DomainEndpointOptions"),
                enforce_https="EnforceHTTPS",
                tls_security_policy="TLSSecurityPolicy",
                custom_endpoint_enabled="CustomEndpointEnabled",
                custom_endpoint="CustomEndpoint",
                custom_endpoint_certificate_arn="CustomEndpointCertificateArn",
            ),
            # As the provider has it: no block where they are off.
            "advanced_security_options": _one(
                item.get("AdvancedSecurityOptions") if at(item, "AdvancedSecurityOptions", "Enabled") else None,
                enabled="Enabled",
                internal_user_database_enabled="InternalUserDatabaseEnabled",
                anonymous_auth_enabled="AnonymousAuthEnabled",
            ),
            "vpc_options": [
                {
                    "vpc_id": vpc["VPCId"],
                    "subnet_ids": sorted(vpc.get("SubnetIds", [])),
                    "security_group_ids": sorted(vpc.get("SecurityGroupIds", [])),
                    "availability_zones": sorted(vpc.get("AvailabilityZones", [])),
                }
            ]
            if vpc.get("VPCId")
            else [],
            "log_publishing_options": [
                {
                    "log_type": kind,
                    "enabled": one.get("Enabled", False),
                    "cloudwatch_log_group_arn": one.get("CloudWatchLogsLogGroupArn", ""),
                }
                for kind, one in (item.get("LogPublishingOptions") or {}).items()
            ],
            **aws.tags("es:domain", arn),
        },
    )


def _one(options: Answer | None, **members: str) -> list[Any]:
    return block(pick(options, **members)) if options else []


PART = Part(("aws_opensearch_domain",), Call("opensearch", "ListDomainNames"), _domains, (DOMAINS, TAGS))

SERVICE = Service("opensearch", (PART,))
