from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, standing


class InstanceWithPublicAddress(Check[Resource]):
    """An instance asks for a public address of its own.

    ## Why is this bad?
    Between the internet and the machine stands nothing but its security groups: one rule that somebody opens later,
    and whatever listens is found within minutes. Behind a load balancer, or with Session Manager for those who look
    after it, a machine needs no address that others can see, and costs none.
    """

    id = "instance-with-public-address"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Put it into a private subnet, behind a load balancer, and reach it through Session Manager."
    types = ("aws_instance", "aws_launch_template", "aws_launch_configuration")
    same_as = ("CKV_AWS_88", "CKV_AWS_389", "AWS-0009")
    counter_checks = ("session-manager-unreachable",)
    references = (
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html",
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
    )
    compliance = ("AWS-FSBP:EC2.9", "AWS-FSBP:EC2.25")
    examples = (
        Example(
            bad="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"

              metadata_options {
                http_tokens = "required"
              }

              network_interfaces {
                associate_public_ip_address = true # finding
              }
            }
            """,
            fixed="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"

              metadata_options {
                http_tokens = "required"
              }

              network_interfaces {
                associate_public_ip_address = false
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_launch_template":
            for block in subject.blocks("network_interfaces"):
                if block.flag("associate_public_ip_address"):
                    yield self.finding(
                        block,
                        "what is launched from it gets a public address",
                        path="associate_public_ip_address",
                        fix=self.set_attribute(block, "associate_public_ip_address", "false"),
                    )
            return
        if not subject.flag("associate_public_ip_address"):
            return
        found = standing(subject)
        yield self.finding(
            subject,
            found.told("it gets a public address"),
            path="associate_public_ip_address",
            severity=Severity.LOW if found.latent else None,
            fix=self.set_attribute(subject, "associate_public_ip_address", "false"),
        )
