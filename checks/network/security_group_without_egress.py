from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Safety, SecurityGroup, Severity, Shortfall, related

# What opens connections by itself, and where its groups stand.
GROUPS = {
    "aws_instance": (("vpc_security_group_ids",),),
    "aws_launch_template": (("vpc_security_group_ids",), ("network_interfaces", "security_groups")),
    "aws_lambda_function": (("vpc_config", "security_group_ids"),),
    "aws_ecs_service": (("network_configuration", "security_groups"),),
    "aws_lb": (("security_groups",),),
    "aws_alb": (("security_groups",),),
    "aws_elb": (("security_groups",),),
    "aws_codebuild_project": (("vpc_config", "security_group_ids"),),
    "aws_glue_connection": (("physical_connection_requirements", "security_group_id_list"),),
    "aws_mwaa_environment": (("network_configuration", "security_group_ids"),),
    "aws_apprunner_vpc_connector": (("security_groups",),),
    "aws_synthetics_canary": (("vpc_config", "security_group_ids"),),
}


class SecurityGroupWithoutEgress(Check[Resource]):
    """Something that must open connections may open none.

    ## Why is this bad?
    In the console a new security group allows everything out; Terraform removes that rule. A group without `egress`
    lets nothing out: packages are not installed, images are not pulled, a load balancer's targets are all unhealthy,
    a function runs into its timeout, and no message names the group.
    """

    id = "security-group-without-egress"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add an egress rule for what it has to reach."
    types = tuple(GROUPS)
    references = (
        "https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/security_group",
        "https://github.com/hashicorp/terraform/issues/9602",
    )
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "web" {
              name = "web"
            }

            resource "aws_lb" "web" {
              name            = "web"
              internal        = true
              subnets         = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
              security_groups = [aws_security_group.web.id] # finding
            }

            output "load_balancer_arn" {
              value = aws_lb.web.arn
            }
            """,
            fixed="""
            resource "aws_security_group" "web" {
              name = "web"
            }

            resource "aws_vpc_security_group_egress_rule" "targets" {
              security_group_id = aws_security_group.web.id
              from_port         = 8080
              to_port           = 8080
              ip_protocol       = "tcp"
              cidr_ipv4         = "10.0.0.0/16"
            }

            resource "aws_lb" "web" {
              name            = "web"
              internal        = true
              subnets         = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
              security_groups = [aws_security_group.web.id]
            }

            output "load_balancer_arn" {
              value = aws_lb.web.arn
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        for path in GROUPS[subject.type]:
            groups: list[Resource] = []
            for group_id in subject.texts(*path):
                group = subject.model.resolve(group_id, "aws_security_group", "aws_default_security_group")
                if group is None:
                    return  # one that is not in view may allow it
                groups.append(group)
            views = [SecurityGroup.of(group) for group in groups]
            if not views or any(view.known("egress") for view in views):
                continue
            for view in views:
                for _ in view.egress:  # raises where there may be rules that are not known
                    return
            if any(
                each.resource is subject and any(missing.cause == "egress" for missing in each.missing)
                for each in Shortfall.subjects(subject.model)
            ):
                return  # what it needs is known, and the check for that says what comes of it
            names = " and ".join(group.address for group in groups)
            yield self.finding(
                subject,
                f"{names} {'let' if len(groups) > 1 else 'lets'} nothing out: it cannot open a connection",
                path=path,
                related=related(*((group.place(), "it has no egress") for group in groups)),
                fix=Fix(
                    title="Allow what it has to reach",
                    safety=Safety.MANUAL,
                    terraform=(
                        'resource "aws_vpc_security_group_egress_rule" "https" {\n'
                        f"  security_group_id = {groups[0].address}.id\n"
                        "  from_port         = 443\n"
                        "  to_port           = 443\n"
                        '  ip_protocol       = "tcp"\n'
                        '  cidr_ipv4         = "0.0.0.0/0"\n'
                        "}"
                    ),
                ),
            )
