"""Route 53: zones with their records, and health checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, pick, tags_of

ZONE = Call("route53", "GetHostedZone")
RECORDS = Call("route53", "ListResourceRecordSets", "ResourceRecordSets")
ZONE_TAGS = Call("route53", "ListTagsForResource", params={"ResourceType": "hostedzone"})
HEALTH_CHECK_TAGS = Call("route53", "ListTagsForResource", params={"ResourceType": "healthcheck"})


def _zone(aws: Scope, item: Answer) -> Iterator[Record]:
    zone = item["Id"].rpartition("/")[2]
    arn = f"arn:{aws.partition}:route53:::hostedzone/{zone}"
    name = item["Name"].rstrip(".")
    details = aws.read(ZONE, Id=zone)
    yield aws.record(
        "aws_route53_zone",
        zone,
        {
            "zone_id": zone,
            "arn": arn,
            "name": name,
            "comment": at(item, "Config", "Comment", default=""),
            "private_zone": at(item, "Config", "PrivateZone", default=False),
            "record_count": item.get("ResourceRecordSetCount"),
            "delegation_set_id": (at(details, "DelegationSet", "Id", default="") or "")
            if not isinstance(details, UnknownValue)
            else details,
            "name_servers": details
            if isinstance(details, UnknownValue)
            else sorted(at(details, "DelegationSet", "NameServers", default=[])),
            "vpc": details
            if isinstance(details, UnknownValue)
            else [pick(one, vpc_id="VPCId", vpc_region="VPCRegion") for one in details.get("VPCs") or ()],
            **_tags(aws, ZONE_TAGS, zone),
        },
        arn=arn,
        unique=True,
    )
    for record in aws.items(RECORDS, gap=("aws_route53_record",), HostedZoneId=zone):
        if not isinstance(record, UnknownValue):
            yield _record(aws, zone, record, arn)


def _record(aws: Scope, zone: str, item: Answer, arn: str) -> Record:
    # AWS writes `*` and other odd characters as octal escapes.
    name = item["Name"].replace("\\052", "*").rstrip(".")
    alias = item.get("AliasTarget")
    identifier = item.get("SetIdentifier", "")
    parts = [zone, name, item["Type"], *([identifier] if identifier else [])]
    return aws.record(
        "aws_route53_record",
        "_".join(parts),
        {
            "zone_id": zone,
            "name": name,
            "fqdn": name,
            "type": item["Type"],
            "ttl": item.get("TTL", 0),
            "records": [_value(one["Value"], item["Type"]) for one in item.get("ResourceRecords", [])],
            "set_identifier": identifier,
            "health_check_id": item.get("HealthCheckId", ""),
            "multivalue_answer_routing_policy": item.get("MultiValueAnswer", False),
            "alias": [
                {
                    "name": alias["DNSName"].rstrip("."),
                    "zone_id": alias["HostedZoneId"],
                    "evaluate_target_health": alias.get("EvaluateTargetHealth", False),
                }
            ]
            if alias
            else [],
            "failover_routing_policy": block(pick(item, type="Failover")),
            "latency_routing_policy": block(pick(item, region="Region")),
            "weighted_routing_policy": block(pick(item, weight="Weight")),
            "geolocation_routing_policy": block(
                pick(
                    item.get("GeoLocation"),
                    continent="ContinentCode",
                    country="CountryCode",
                    subdivision="SubdivisionCode",
                )
            ),
        },
        arn=arn,
        unique=True,
    )


def _value(text: str, type_: str) -> Value:
    """Without the quotes that AWS keeps around texts, as the provider shows them."""
    return text[1:-1] if type_ in ("TXT", "SPF") and len(text) > 1 and text[0] == text[-1] == '"' else text


def _tags(aws: Scope, call: Call, name: str) -> dict[str, Any]:
    given = aws.read(call, ResourceId=name)
    if isinstance(given, UnknownValue):
        return {"tags": given, "tags_all": given}
    return tags_of(at(given, "ResourceTagSet", "Tags"))


def _health_check(aws: Scope, item: Answer) -> Iterator[Record]:
    config = item["HealthCheckConfig"]
    yield aws.record(
        "aws_route53_health_check",
        item["Id"],
        {
            **pick(
                config,
                type="Type",
                disabled="Disabled",
                failure_threshold="FailureThreshold",
                invert_healthcheck="Inverted",
                measure_latency="MeasureLatency",
                port="Port",
                request_interval="RequestInterval",
                enable_sni="EnableSNI",
            ),
            "fqdn": config.get("FullyQualifiedDomainName", ""),
            "ip_address": config.get("IPAddress", ""),
            "resource_path": config.get("ResourcePath", ""),
            "search_string": config.get("SearchString", ""),
            "child_healthchecks": sorted(config.get("ChildHealthChecks", [])),
            **_tags(aws, HEALTH_CHECK_TAGS, item["Id"]),
        },
        arn=f"arn:{aws.partition}:route53:::healthcheck/{item['Id']}",
        unique=True,
    )


SERVICE = Service(
    "route53",
    (
        Part(
            ("aws_route53_zone", "aws_route53_record"),
            Call("route53", "ListHostedZones", "HostedZones"),
            _zone,
            (ZONE, RECORDS, ZONE_TAGS),
            parallel=True,
        ),
        Part(
            ("aws_route53_health_check",),
            Call("route53", "ListHealthChecks", "HealthChecks"),
            _health_check,
            (HEALTH_CHECK_TAGS,),
            parallel=True,
        ),
    ),
    where="global",
    rate=5.0,  # the account's limit for the whole of Route 53
)
