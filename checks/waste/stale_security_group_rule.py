from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_there


class StaleSecurityGroupRule(Waste):
    """A security group rule lets a group in that is gone.

    ## Why is this bad?
    The group that the rule names was deleted, or the peering that led to it. The rule lets nobody in, and whoever reads
    it believes that somebody is.
    """

    id = "stale-security-group-rule"
    severity = Severity.INFO
    hint = "Revoke the rule."
    hazard = "A group of another account, or of a VPC that is peered again, may come back."
    types = ("aws_security_group",)
    references = ("https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html",)
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
             "values": {"id": "sg-0a1b2c3d4e5f60718", "name": "db", "vpc_id": "vpc-0a1b2c3d4e5f60718", "owner_id":
             "111122223333", "egress": [], "ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432,
             "security_groups": ["sg-0b1b2c3d4e5f60718"]}]}}
            {"type": "aws_network_interface", "name": "eni-0a1b2c3d4e5f60718",
             "values": {"status": "in-use", "security_groups": ["sg-0a1b2c3d4e5f60718"]}}
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
             "values": {"id": "sg-0a1b2c3d4e5f60718", "name": "db", "vpc_id": "vpc-0a1b2c3d4e5f60718", "owner_id":
             "111122223333", "egress": [], "ingress": [{"protocol": "tcp", "from_port": 5432, "to_port": 5432,
             "security_groups": ["sg-0b1b2c3d4e5f60718"]}]}}
            {"type": "aws_network_interface", "name": "eni-0a1b2c3d4e5f60718",
             "values": {"status": "in-use", "security_groups": ["sg-0a1b2c3d4e5f60718", "sg-0b1b2c3d4e5f60718"]}}
            {"type": "aws_security_group", "name": "sg-0b1b2c3d4e5f60718",
             "values": {"id": "sg-0b1b2c3d4e5f60718", "name": "web", "vpc_id": "vpc-0a1b2c3d4e5f60718", "owner_id":
             "111122223333", "ingress": [], "egress": []}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        for direction in ("ingress", "egress"):
            for rule in subject.blocks(direction):
                for group in rule.texts("security_groups"):
                    if "/" in group or not group.startswith("sg-"):
                        continue  # another account's
                    if not is_there(subject, group, "aws_security_group", "aws_default_security_group"):
                        fact = f"its {direction} rule names {group}, which does not exist"
                        yield self.waste(subject, fact, path=rule.path)
