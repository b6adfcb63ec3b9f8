from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.session import Limits
from guardrails.sources.terraform.schema import TypeSchema, resource_schema
from tests.sources.aws.documented import ACCOUNT, DocumentedAws

# What an account tells and Terraform's provider does not: facts of use, times, states, and AWS's own marks.
LIVE = {
    "aws_accessanalyzer_analyzer": {"created_at", "status"},
    "aws_acm_certificate": {"created_at", "domain_validation_options.validation_status", "failure_reason", "in_use_by"},
    "aws_ami": {"creation_date", "state"},
    "aws_autoscaling_group": {"created_time", "instances", "tags_all"},
    "aws_cloudtrail": {"latest_delivery_error", "latest_delivery_time"},
    "aws_cloudwatch_log_group": {"creation_time", "stored_bytes"},
    "aws_cloudwatch_metric_alarm": {"state_updated", "state_value"},
    "aws_config_config_rule": {"state"},
    "aws_config_configuration_recorder_status": {"last_error_code", "last_status"},
    "aws_db_cluster_snapshot": {"snapshot_create_time"},
    "aws_db_instance": {"create_time"},
    "aws_db_snapshot": {"snapshot_create_time"},
    "aws_default_route_table": {"route.carrier_gateway_id", "route.local_gateway_id", "route.origin", "route.state"},
    "aws_default_subnet": {"available_ip_address_count"},
    "aws_docdb_cluster": {
        "allocated_storage",
        "backtrack_window",
        "copy_tags_to_snapshot",
        "create_time",
        "database_name",
        "db_cluster_instance_class",
        "enable_http_endpoint",
        "engine_mode",
        "engine_version_actual",
        "iam_database_authentication_enabled",
        "iam_roles",
        "iops",
        "network_type",
        "replication_source_identifier",
        "serverlessv2_scaling_configuration",
        "status",
    },
    "aws_docdb_cluster_instance": {
        "create_time",
        "db_parameter_group_name",
        "engine_version_actual",
        "monitoring_interval",
        "monitoring_role_arn",
        "network_type",
        "performance_insights_enabled",
        "status",
        "vpc_security_group_ids",
    },
    "aws_dynamodb_table": {"creation_date_time", "item_count", "table_size_bytes"},
    "aws_ebs_snapshot": {"start_time", "state"},
    "aws_ebs_volume": {"attachments", "state"},
    "aws_ec2_capacity_reservation": {"available_instance_count"},
    "aws_ec2_host": {"instances", "state"},
    "aws_ec2_transit_gateway_route": {"route_type"},
    "aws_ec2_transit_gateway_vpc_attachment": {"creation_time", "state"},
    "aws_ecr_repository": {"created_at"},
    "aws_ecs_cluster": {"active_services_count", "registered_container_instances_count", "running_tasks_count"},
    "aws_ecs_service": {"created_at", "running_count"},
    "aws_efs_file_system": {"create_time"},
    "aws_efs_mount_target": {"vpc_id"},
    "aws_eip": {"service_managed"},
    "aws_eks_addon": {"status"},
    "aws_elasticache_cluster": {"at_rest_encryption_enabled", "create_time", "status"},
    "aws_elasticache_replication_group": {"auth_token_enabled", "create_time", "status"},
    "aws_elb": {"created_time", "vpc_id"},
    "aws_flow_log": {"deliver_logs_error_message", "deliver_logs_status", "flow_log_status", "resource_id"},
    "aws_guardduty_detector": {"features"},
    "aws_iam_access_key": {"last_used_date", "last_used_service"},
    "aws_iam_group": {"create_date"},
    "aws_iam_openid_connect_provider": {"create_date"},
    "aws_iam_policy": {
        "create_date",
        "default_version_id",
        "permissions_boundary_usage_count",
        "update_date",
        "version_count",
    },
    "aws_iam_role": {"role_last_used"},
    "aws_iam_saml_provider": {"create_date"},
    "aws_iam_user": {"create_date"},
    "aws_iam_user_login_profile": {"create_date", "password_last_used"},
    "aws_iam_virtual_mfa_device": {"user_arn"},
    "aws_instance": {"launch_time", "network_interface_ids", "platform", "state_transition_reason", "vpc_id"},
    "aws_key_pair": {"create_time"},
    "aws_kms_external_key": {
        "creation_date",
        "custom_key_store_id",
        "customer_master_key_spec",
        "deletion_date",
        "enable_key_rotation",
        "is_enabled",
        "key_id",
        "rotation_period_in_days",
        "xks_key_id",
    },
    "aws_kms_key": {"creation_date", "deletion_date", "key_state"},
    "aws_lambda_permission": {"effect"},
    "aws_launch_configuration": {"created_time"},
    "aws_launch_template": {"create_time"},
    "aws_lb": {"created_time", "state"},
    "aws_lb_target_group_attachment": {"health", "health_reason"},
    "aws_nat_gateway": {"create_time", "state", "vpc_id"},
    "aws_neptune_cluster": {
        "allocated_storage",
        "backtrack_window",
        "create_time",
        "database_name",
        "db_cluster_instance_class",
        "db_cluster_parameter_group_name",
        "db_subnet_group_name",
        "enable_http_endpoint",
        "enabled_cloudwatch_logs_exports",
        "engine_mode",
        "engine_version_actual",
        "iops",
        "kms_key_id",
        "manage_master_user_password",
        "master_user_secret",
        "master_username",
        "network_type",
        "serverlessv2_scaling_configuration",
        "status",
    },
    "aws_neptune_cluster_instance": {
        "ca_cert_identifier",
        "copy_tags_to_snapshot",
        "create_time",
        "db_parameter_group_name",
        "db_subnet_group_name",
        "engine_version_actual",
        "kms_key_id",
        "monitoring_interval",
        "monitoring_role_arn",
        "network_type",
        "performance_insights_enabled",
        "performance_insights_kms_key_id",
        "status",
        "vpc_security_group_ids",
    },
    "aws_network_acl": {"default_network_acl_id"},
    "aws_network_interface": {
        "association",
        "attachment.instance_owner_id",
        "attachment.status",
        "availability_zone",
        "requester_id",
        "requester_managed",
        "status",
        "vpc_id",
    },
    "aws_organizations_policy": {"aws_managed"},
    "aws_rds_cluster": {"create_time", "status"},
    "aws_rds_cluster_instance": {"create_time", "status", "vpc_security_group_ids"},
    "aws_redshift_cluster": {"cluster_status", "create_time", "vpc_id"},
    "aws_redshift_subnet_group": {"vpc_id"},
    "aws_region": {"opt_in_status"},
    "aws_route53_resolver_endpoint": {"status"},
    "aws_route53_zone": {"private_zone", "record_count"},
    "aws_route_table": {"default_route_table_id", "route.origin", "route.state"},
    "aws_s3_bucket": {"creation_date"},
    "aws_secretsmanager_secret": {
        "created_date",
        "deleted_date",
        "last_accessed_date",
        "last_changed_date",
        "owning_service",
    },
    "aws_secretsmanager_secret_rotation": {"last_rotated_date"},
    "aws_securityhub_account": {"subscribed_at"},
    "aws_securityhub_standards_subscription": {"standards_status"},
    "aws_snapshot_create_volume_permission": {"group"},
    "aws_sns_topic": {"subscriptions_confirmed"},
    "aws_subnet": {"available_ip_address_count"},
    "aws_vpc_endpoint": {"create_time"},
    "aws_vpc_peering_connection": {"cidr_block_set", "owner_id", "peer_cidr_block_set"},
}
# Data that Terraform has no source for.
OURS = {"aws_iam_account_summary", "aws_iam_credential_report", "aws_ssoadmin_instance", "aws_cloudwatch_metric"}
# What no documented answer makes: it takes two that belong together.
RARE = {
    "data.aws_cloudwatch_metric",
    "data.aws_iam_policy",
    "data.aws_organizations_organization",
    "aws_sns_topic_policy",
    "aws_sqs_queue_policy",
    "aws_default_security_group",
    "aws_vpc_ipv4_cidr_block_association",
    "aws_vpc_ipv6_cidr_block_association",
    "data.aws_ec2_managed_prefix_list",
}


@cache
def _collected(name: str) -> tuple[list[Record], set[str], set[str]]:
    """Everything that a service makes of documented answers, what it asked wrongly, and its problems."""
    records: list[Record] = []
    wrong: set[str] = set()
    problems: set[str] = set()
    for variant in range(6):
        aws = DocumentedAws(variant)
        scope = Scope(aws, services()[name], ACCOUNT, "us-east-1", Limits(threads=1))  # type: ignore[arg-type]  # in place of AWS
        for part in services()[name].parts:
            scope.run(part)
        records += scope.outcome.records
        wrong |= aws.wrong
        problems |= {problem.message for problem in scope.outcome.problems}
    return records, wrong, problems


@pytest.mark.parametrize("name", sorted(services()))
def test_a_collector_reads_what_aws_documents(name: str) -> None:
    """No member that AWS's API does not have, no parameter that it does not take, and every type is made of it."""
    records, wrong, problems = _collected(name)

    made = {f"data.{each.type}" if each.mode == "data" else each.type for each in records}
    assert wrong == set()
    assert {each for each in problems if not each.startswith("more than 1,000 routes")} == set()
    assert services()[name].types - made == {each for each in RARE if each in services()[name].types}


@pytest.mark.parametrize("name", sorted(services()))
def test_a_collector_writes_what_terraform_knows(name: str) -> None:
    """Every attribute is one of the provider's, in blocks too, or one of those that accounts alone have."""
    unknown: dict[str, set[str]] = {}
    for record in _collected(name)[0]:
        if record.type not in OURS:
            schema = resource_schema(record.type, record.mode)
            assert schema is not None, record.type
            unknown.setdefault(record.type, set()).update(_unknown(record.values, schema, ""))

    assert {type_: names - {"arn"} - LIVE.get(type_, set()) for type_, names in unknown.items()} == {
        type_: set() for type_ in unknown
    }


def _unknown(values: Mapping[str, Any], schema: TypeSchema, path: str) -> Iterator[str]:
    for name, value in values.items():
        items = [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
        if name in schema.blocks:
            for item in items:
                yield from _unknown(item, schema.blocks[name].schema, f"{path}{name}.")
        elif name not in schema.attributes:
            yield f"{path}{name}"
        else:
            match schema.attributes[name].type:
                case ("list" | "set", ("object", members)):
                    yield from (f"{path}{name}.{key}" for item in items for key in item if key not in members)
