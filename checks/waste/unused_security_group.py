from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used

USERS = (
    "aws_security_group",
    "aws_network_interface",
    "aws_default_security_group",
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_lambda_function",
    "aws_ecs_service",
    "aws_db_instance",
    "aws_rds_cluster",
    "aws_rds_cluster_instance",
    "aws_docdb_cluster",
    "aws_neptune_cluster",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_redshift_cluster",
    "aws_opensearch_domain",
    "aws_lb",
    "aws_elb",
    "aws_vpc_endpoint",
    "aws_eks_cluster",
    "aws_eks_node_group",
    "aws_efs_mount_target",
    "aws_ec2_client_vpn_endpoint",
    "aws_route53_resolver_endpoint",
)


class UnusedSecurityGroup(Waste):
    """A security group is on nothing.

    ## Why is this bad?
    No network interface has it, no rule of another group names it, and nothing that makes interfaces later (templates,
    functions, services, databases) refers to it. It is one more group to read when somebody asks who may connect, and
    one more of a quota.
    """

    id = "unused-security-group"
    severity = Severity.INFO
    hint = "Delete the security group."
    same_as = ("CKV2_AWS_5",)
    hazard = "Services that AWS does not tell about, or with no tasks at the moment, may name it."
    removable = True
    types = ("aws_security_group",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/deleting-security-groups.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_network_interface", "aws_default_security_group", "aws_instance",
             "aws_launch_template", "aws_launch_configuration", "aws_lambda_function", "aws_ecs_service",
             "aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_docdb_cluster",
             "aws_neptune_cluster", "aws_elasticache_cluster", "aws_elasticache_replication_group",
             "aws_redshift_cluster", "aws_opensearch_domain", "aws_lb", "aws_elb", "aws_vpc_endpoint",
             "aws_eks_cluster", "aws_eks_node_group", "aws_efs_mount_target", "aws_ec2_client_vpn_endpoint",
             "aws_route53_resolver_endpoint"]}
            {"type": "aws_security_group", "name": "sg-0a1b2c3d4e5f60718", # finding
             "values": {"id": "sg-0a1b2c3d4e5f60718", "name": "old-web", "vpc_id": "vpc-0a1b2c3d4e5f60718", "ingress":
             [], "egress": []}}
            """,
            fixed="""
            {"complete": ["aws_network_interface", "aws_default_security_group", "aws_instance",
             "aws_launch_template", "aws_launch_configuration", "aws_lambda_function", "aws_ecs_service",
             "aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_docdb_cluster",
             "aws_neptune_cluster", "aws_elasticache_cluster", "aws_elasticache_replication_group",
             "aws_redshift_cluster", "aws_opensearch_domain", "aws_lb", "aws_elb", "aws_vpc_endpoint",
             "aws_eks_cluster", "aws_eks_node_group", "aws_efs_mount_target", "aws_ec2_client_vpn_endpoint",
             "aws_route53_resolver_endpoint"]}
            {"type": "aws_security_group", "name": "sg-0a1b2c3d4e5f60718",
             "values": {"id": "sg-0a1b2c3d4e5f60718", "name": "old-web", "vpc_id": "vpc-0a1b2c3d4e5f60718", "ingress":
             [], "egress": []}}
            {"type": "aws_network_interface", "name": "eni-0a1b2c3d4e5f60718",
             "values": {"status": "in-use", "security_groups": ["sg-0a1b2c3d4e5f60718"]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or is_used(subject, *USERS):
            return
        yield self.waste(subject, f"nothing has the group `{subject.text('name')}` of {subject.text('vpc_id')}")
