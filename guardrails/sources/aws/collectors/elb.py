"""Load balancers of both generations, their listeners, rules, target groups and targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue, Value
from guardrails.sources.aws.collector import TAGS, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import at, block, ids, pick, when

LB_ATTRIBUTES = Call("elbv2", "DescribeLoadBalancerAttributes", "Attributes")
LISTENERS = Call("elbv2", "DescribeListeners", "Listeners")
RULES = Call("elbv2", "DescribeRules", "Rules")
GROUP_ATTRIBUTES = Call("elbv2", "DescribeTargetGroupAttributes", "Attributes")
HEALTH = Call("elbv2", "DescribeTargetHealth", "TargetHealthDescriptions")
CLASSIC_ATTRIBUTES = Call("elb", "DescribeLoadBalancerAttributes")


def _settings(items: list[Any], names: dict[str, str]) -> dict[str, Any]:
    """Attributes that AWS keeps as pairs of texts, in Terraform's names and types; absent ones stay out."""
    unknown = next((item for item in items if isinstance(item, UnknownValue)), None)
    if unknown:
        return dict.fromkeys(names.values(), unknown)
    found = {item["Key"]: item.get("Value", "") for item in items}
    typed: dict[str, Any] = {}
    for key, name in names.items():
        text = found.get(key)
        typed[name] = {"true": True, "false": False}.get(text, text) if text is not None else None
        if name in _NUMBERS and isinstance(text, str) and text.isdigit():
            typed[name] = int(text)
    return typed


_NUMBERS = {"idle_timeout", "client_keep_alive", "slow_start"}
_LB = {
    "deletion_protection.enabled": "enable_deletion_protection",
    "load_balancing.cross_zone.enabled": "enable_cross_zone_load_balancing",
    "idle_timeout.timeout_seconds": "idle_timeout",
    "client_keep_alive.seconds": "client_keep_alive",
    "routing.http.drop_invalid_header_fields.enabled": "drop_invalid_header_fields",
    "routing.http.desync_mitigation_mode": "desync_mitigation_mode",
    "routing.http.preserve_host_header.enabled": "preserve_host_header",
    "routing.http.xff_header_processing.mode": "xff_header_processing_mode",
    "routing.http2.enabled": "enable_http2",
    "waf.fail_open.enabled": "enable_waf_fail_open",
    "dns_record.client_routing_policy": "dns_record_client_routing_policy",
}
_GROUP = {
    "deregistration_delay.timeout_seconds": "deregistration_delay",
    "slow_start.duration_seconds": "slow_start",
    "load_balancing.algorithm.type": "load_balancing_algorithm_type",
    "load_balancing.cross_zone.enabled": "load_balancing_cross_zone_enabled",
    "preserve_client_ip.enabled": "preserve_client_ip",
    "proxy_protocol_v2.enabled": "proxy_protocol_v2",
    "deregistration_delay.connection_termination.enabled": "connection_termination",
    "lambda.multi_value_headers.enabled": "lambda_multi_value_headers_enabled",
}
# What Terraform keeps as text though it reads like a boolean.
_TEXT = ("load_balancing_cross_zone_enabled", "preserve_client_ip")


def _balancer(aws: Scope, item: Answer) -> Iterator[Record]:
    arn, name = item["LoadBalancerArn"], item["LoadBalancerName"]
    attributes = aws.items(LB_ATTRIBUTES, LoadBalancerArn=arn)
    zones = item.get("AvailabilityZones", [])
    yield aws.record(
        "aws_lb",
        name,
        {
            **pick(
                item,
                name="LoadBalancerName",
                load_balancer_type="Type",
                dns_name="DNSName",
                zone_id="CanonicalHostedZoneId",
                vpc_id="VpcId",
                ip_address_type="IpAddressType",
                state="State.Code",
            ),
            "id": arn,
            "arn": arn,
            "arn_suffix": arn.rpartition("loadbalancer/")[2],
            "internal": item.get("Scheme") == "internal",
            "security_groups": sorted(item.get("SecurityGroups", [])),
            "enforce_security_group_inbound_rules_on_private_link_traffic": item.get(
                "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", ""
            ),
            "subnets": ids(zones, "SubnetId"),
            "subnet_mapping": [
                {
                    "subnet_id": zone.get("SubnetId"),
                    "outpost_id": zone.get("OutpostId", ""),
                    "allocation_id": at(zone, "LoadBalancerAddresses", 0, "AllocationId", default=""),
                    "private_ipv4_address": at(zone, "LoadBalancerAddresses", 0, "PrivateIPv4Address", default=""),
                    "ipv6_address": at(zone, "LoadBalancerAddresses", 0, "IPv6Address", default=""),
                }
                for zone in zones
            ],
            **_settings(attributes, _LB),
            "access_logs": _access_logs(attributes),
            "created_time": when(item.get("CreatedTime")),
            **aws.tags("elasticloadbalancing:loadbalancer", arn),
        },
    )
    for listener in aws.items(LISTENERS, gap=("aws_lb_listener", "aws_lb_listener_rule"), LoadBalancerArn=arn):
        if not isinstance(listener, UnknownValue):
            yield _listener(aws, listener)
            yield from _rules(aws, listener)


def _access_logs(attributes: list[Any]) -> Value:
    found = _settings(
        attributes,
        {"access_logs.s3.enabled": "enabled", "access_logs.s3.bucket": "bucket", "access_logs.s3.prefix": "prefix"},
    )
    if isinstance(found["enabled"], UnknownValue):
        return found["enabled"]
    return [found] if found["enabled"] is not None else []


def _listener(aws: Scope, item: Answer) -> Record:
    arn = item["ListenerArn"]
    return aws.record(
        "aws_lb_listener",
        arn.rpartition("listener/")[2],
        {
            "id": arn,
            "arn": arn,
            "load_balancer_arn": item["LoadBalancerArn"],
            "port": item.get("Port", 0),
            "protocol": item.get("Protocol"),
            "ssl_policy": item.get("SslPolicy", ""),
            "certificate_arn": at(item, "Certificates", 0, "CertificateArn"),
            "alpn_policy": at(item, "AlpnPolicy", 0),
            "default_action": [_action(action) for action in item.get("DefaultActions", [])],
            "mutual_authentication": block(
                pick(
                    item.get("MutualAuthentication"),
                    mode="Mode",
                    trust_store_arn="TrustStoreArn",
                    ignore_client_certificate_expiry="IgnoreClientCertificateExpiry",
                )
            ),
            **aws.tags("elasticloadbalancing:listener", arn),
        },
    )


def _action(action: Answer) -> dict[str, Value]:
    groups = at(action, "ForwardConfig", "TargetGroups", default=[])
    return {
        "type": action["Type"],
        "order": action.get("Order", 0),
        "target_group_arn": action.get("TargetGroupArn", ""),
        "forward": [{"target_group": [pick(g, arn="TargetGroupArn", weight="Weight") for g in groups]}]
        if groups
        else [],
        "redirect": block(
            pick(
                action.get("RedirectConfig"),
                host="Host",
                path="Path",
                port="Port",
                protocol="Protocol",
                query="Query",
                status_code="StatusCode",
            )
        ),
        "fixed_response": block(
            pick(
                action.get("FixedResponseConfig"),
                content_type="ContentType",
                message_body="MessageBody",
                status_code="StatusCode",
            )
        ),
        "authenticate_oidc": block(pick(action.get("AuthenticateOidcConfig"), issuer="Issuer", client_id="ClientId")),
        "authenticate_cognito": block(
            pick(
                action.get("AuthenticateCognitoConfig"), user_pool_arn="UserPoolArn", user_pool_domain="UserPoolDomain"
            )
        ),
    }


_CONDITIONS = {
    "host-header": ("host_header", "HostHeaderConfig"),
    "path-pattern": ("path_pattern", "PathPatternConfig"),
    "source-ip": ("source_ip", "SourceIpConfig"),
    "http-request-method": ("http_request_method", "HttpRequestMethodConfig"),
}


def _rules(aws: Scope, listener: Answer) -> Iterator[Record]:
    if listener.get("Protocol") not in ("HTTP", "HTTPS"):
        return  # those of other listeners forward everything
    for rule in aws.items(RULES, gap=("aws_lb_listener_rule",), ListenerArn=listener["ListenerArn"]):
        if isinstance(rule, UnknownValue) or rule.get("IsDefault"):
            continue
        arn = rule["RuleArn"]
        conditions: list[Value] = []
        for condition in rule.get("Conditions", []):
            if known := _CONDITIONS.get(condition["Field"]):
                name, member = known
                values = at(condition, member, "Values") or condition.get("Values", [])
                conditions.append({name: [{"values": sorted(values)}]})
        yield aws.record(
            "aws_lb_listener_rule",
            arn.rpartition("listener-rule/")[2],
            {
                "id": arn,
                "arn": arn,
                "listener_arn": listener["ListenerArn"],
                "priority": int(rule["Priority"]),
                "action": [_action(action) for action in rule.get("Actions", [])],
                "condition": conditions,
            },
        )


def _target_group(aws: Scope, item: Answer) -> Iterator[Record]:
    arn, name = item["TargetGroupArn"], item["TargetGroupName"]
    settings = _settings(aws.items(GROUP_ATTRIBUTES, TargetGroupArn=arn), _GROUP)
    for key in _TEXT:
        if isinstance(settings[key], bool):
            settings[key] = str(settings[key]).lower()
    yield aws.record(
        "aws_lb_target_group",
        name,
        {
            **pick(
                item,
                name="TargetGroupName",
                port="Port",
                protocol="Protocol",
                protocol_version="ProtocolVersion",
                target_type="TargetType",
                vpc_id="VpcId",
                ip_address_type="IpAddressType",
            ),
            "id": arn,
            "arn": arn,
            "arn_suffix": arn.rpartition(":")[2],
            "load_balancer_arns": sorted(item.get("LoadBalancerArns", [])),
            "health_check": [
                {
                    **pick(
                        item,
                        enabled="HealthCheckEnabled",
                        interval="HealthCheckIntervalSeconds",
                        path="HealthCheckPath",
                        port="HealthCheckPort",
                        protocol="HealthCheckProtocol",
                        timeout="HealthCheckTimeoutSeconds",
                        healthy_threshold="HealthyThresholdCount",
                        unhealthy_threshold="UnhealthyThresholdCount",
                    ),
                    "matcher": at(item, "Matcher", "HttpCode") or at(item, "Matcher", "GrpcCode", default=""),
                }
            ],
            **settings,
            **aws.tags("elasticloadbalancing:targetgroup", arn),
        },
    )
    for target in aws.items(HEALTH, gap=("aws_lb_target_group_attachment",), TargetGroupArn=arn):
        if not isinstance(target, UnknownValue):
            one = target["Target"]
            yield aws.record(
                "aws_lb_target_group_attachment",
                f"{arn.rpartition(':')[2]}:{one['Id']}:{one.get('Port', '')}",
                {
                    "target_group_arn": arn,
                    "target_id": one["Id"],
                    "port": one.get("Port"),
                    "availability_zone": one.get("AvailabilityZone"),
                    "health": at(target, "TargetHealth", "State"),
                    "health_reason": at(target, "TargetHealth", "Reason"),
                },
                arn=arn,
            )


def _classic(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["LoadBalancerName"]
    arn = aws.arn("elasticloadbalancing", f"loadbalancer/{name}")
    answer = aws.read(CLASSIC_ATTRIBUTES, LoadBalancerName=name)
    settings = at(answer, "LoadBalancerAttributes")
    yield aws.record(
        "aws_elb",
        name,
        {
            "name": name,
            "arn": arn,
            "dns_name": item.get("DNSName"),
            "zone_id": item.get("CanonicalHostedZoneNameID"),
            "vpc_id": item.get("VPCId"),
            "internal": item.get("Scheme") == "internal",
            "subnets": sorted(item.get("Subnets", [])),
            "availability_zones": sorted(item.get("AvailabilityZones", [])),
            "security_groups": sorted(item.get("SecurityGroups", [])),
            "instances": ids(item.get("Instances"), "InstanceId"),
            "listener": [
                {
                    "instance_port": one["InstancePort"],
                    "instance_protocol": one.get("InstanceProtocol", "").lower(),
                    "lb_port": one["LoadBalancerPort"],
                    "lb_protocol": one["Protocol"].lower(),
                    "ssl_certificate_id": one.get("SSLCertificateId", ""),
                }
                for given in item.get("ListenerDescriptions", [])
                if (one := given["Listener"])
            ],
            "health_check": block(
                pick(
                    item.get("HealthCheck"),
                    target="Target",
                    interval="Interval",
                    timeout="Timeout",
                    healthy_threshold="HealthyThreshold",
                    unhealthy_threshold="UnhealthyThreshold",
                )
            ),
            **pick(
                settings,
                idle_timeout="ConnectionSettings.IdleTimeout",
                connection_draining="ConnectionDraining.Enabled",
                connection_draining_timeout="ConnectionDraining.Timeout",
                cross_zone_load_balancing="CrossZoneLoadBalancing.Enabled",
            ),
            "access_logs": settings
            if isinstance(settings, UnknownValue)
            else [
                {
                    "enabled": True,
                    "bucket": at(settings, "AccessLog", "S3BucketName", default=""),
                    "bucket_prefix": at(settings, "AccessLog", "S3BucketPrefix", default=""),
                    "interval": at(settings, "AccessLog", "EmitInterval", default=60),
                }
            ]
            if at(settings, "AccessLog", "Enabled")
            else [],
            "created_time": when(item.get("CreatedTime")),
            **aws.tags("elasticloadbalancing:loadbalancer", arn),
        },
    )


SERVICE = Service(
    "elb",
    (
        Part(
            ("aws_lb", "aws_lb_listener", "aws_lb_listener_rule"),
            Call("elbv2", "DescribeLoadBalancers", "LoadBalancers"),
            _balancer,
            (LB_ATTRIBUTES, LISTENERS, RULES, TAGS),
            parallel=True,
        ),
        Part(
            ("aws_lb_target_group", "aws_lb_target_group_attachment"),
            Call("elbv2", "DescribeTargetGroups", "TargetGroups"),
            _target_group,
            (GROUP_ATTRIBUTES, HEALTH, TAGS),
            parallel=True,
        ),
        Part(
            ("aws_elb",),
            Call("elb", "DescribeLoadBalancers", "LoadBalancerDescriptions"),
            _classic,
            (CLASSIC_ATTRIBUTES, TAGS),
            parallel=True,
        ),
    ),
)
