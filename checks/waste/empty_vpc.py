from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used, users

USERS = (
    "aws_network_interface",
    "aws_instance",
    "aws_nat_gateway",
    "aws_vpc_endpoint",
    "aws_vpc_peering_connection",
    "aws_ec2_transit_gateway_vpc_attachment",
    "aws_vpn_gateway",
    "aws_ec2_client_vpn_endpoint",
    "aws_db_subnet_group",
    "aws_elasticache_subnet_group",
    "aws_redshift_subnet_group",
    "aws_autoscaling_group",
    "aws_launch_template",
    "aws_lambda_function",
    "aws_ecs_service",
    "aws_eks_cluster",
    "aws_route53_zone",
    "aws_networkfirewall_firewall",
    "aws_lb",
    "aws_lb_target_group",
)


class EmptyVpc(Waste):
    """A VPC has nothing in it.

    ## Why is this bad?
    Nothing has an address in the VPC, and nothing that makes interfaces later refers to it or to its subnets. It takes
    one of the five VPCs that a region has by default, and its address range is taken for peering. The VPC that AWS made
    by default is not reported.
    """

    id = "empty-vpc"
    severity = Severity.INFO
    hint = "Delete the VPC with its subnets, route tables, network ACLs, security groups and internet gateway."
    hazard = "It may be prepared for something that is to come."
    removable = True
    types = ("aws_vpc",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_network_interface", "aws_instance", "aws_nat_gateway", "aws_vpc_endpoint",
             "aws_vpc_peering_connection", "aws_ec2_transit_gateway_vpc_attachment", "aws_vpn_gateway",
             "aws_ec2_client_vpn_endpoint", "aws_db_subnet_group", "aws_elasticache_subnet_group",
             "aws_redshift_subnet_group", "aws_autoscaling_group", "aws_launch_template", "aws_lambda_function",
             "aws_ecs_service", "aws_eks_cluster", "aws_route53_zone", "aws_networkfirewall_firewall", "aws_lb",
             "aws_lb_target_group", "aws_default_subnet"]}
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718", # finding
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_subnet", "name": "subnet-0a1b2c3d4e5f60718",
             "values": {"id": "subnet-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718",
             "map_public_ip_on_launch": false}}
            """,
            fixed="""
            {"complete": ["aws_network_interface", "aws_instance", "aws_nat_gateway", "aws_vpc_endpoint",
             "aws_vpc_peering_connection", "aws_ec2_transit_gateway_vpc_attachment", "aws_vpn_gateway",
             "aws_ec2_client_vpn_endpoint", "aws_db_subnet_group", "aws_elasticache_subnet_group",
             "aws_redshift_subnet_group", "aws_autoscaling_group", "aws_launch_template", "aws_lambda_function",
             "aws_ecs_service", "aws_eks_cluster", "aws_route53_zone", "aws_networkfirewall_firewall", "aws_lb",
             "aws_lb_target_group", "aws_default_subnet"]}
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_subnet", "name": "subnet-0a1b2c3d4e5f60718",
             "values": {"id": "subnet-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718",
             "map_public_ip_on_launch": false}}
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"subnet_id": "subnet-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or is_used(subject, *USERS):
            return
        subnets = [
            each
            for each in subject.model.resources("aws_subnet", "aws_default_subnet")
            if each.text("vpc_id") == subject.name
        ]
        if any(True for subnet in subnets for _ in users(subnet, *USERS)):
            return
        yield self.waste(subject, f"nothing has an address in it (subnets: {len(subnets)})")
