from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

CONTAINERS = 2
"""Hops that a container in a bridge network needs to get an answer of the metadata service."""


class MetadataReachableByContainers(Check[Resource]):
    """An instance's metadata service answers over more than one hop.

    ## Why is this bad?
    The answer of the metadata service, with the credentials of the instance's role in it, may then travel on: into
    every container of the instance, and with still more hops through a proxy or a router that somebody runs on it.
    One hop keeps it on the instance itself.

    Two hops are what containers need that use the instance's own role; give them a role of their own instead (ECS
    task roles, EKS Pod Identity). More than two serve nobody.
    """

    id = "metadata-reachable-by-containers"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Set `http_put_response_hop_limit = 1` in `metadata_options`."
    types = ("aws_instance", "aws_launch_template", "aws_launch_configuration")
    same_as = ("CKV_AWS_341",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-existing-instances.html",)
    compliance = ("AWS-FSBP:EC2.170", "AWS-FSBP:AutoScaling.4")
    examples = (
        Example(
            bad="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"

              metadata_options {
                http_tokens                 = "required"
                http_put_response_hop_limit = 3 # finding
              }
            }
            """,
            fixed="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"

              metadata_options {
                http_tokens                 = "required"
                http_put_response_hop_limit = 1
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        options = subject.block("metadata_options")
        if options is None or options.text("http_endpoint", default="enabled") == "disabled":
            return
        hops = options.number("http_put_response_hop_limit", default=1)
        if hops > 1:
            yield self.finding(
                options,
                f"the metadata service answers over {hops} hops",
                path="http_put_response_hop_limit",
                severity=Severity.MEDIUM if hops > CONTAINERS else None,
                fix=self.set_attribute(
                    options,
                    "http_put_response_hop_limit",
                    "1",
                    cli="aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 1 --instance-id ID",
                ),
            )
