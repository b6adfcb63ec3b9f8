from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class MetadataWithoutToken(Check[Resource]):
    """An instance's metadata service answers without a session token.

    ## Why is this bad?
    With version 1 of the metadata service, one forged request of an application on the instance (SSRF) is enough to
    read the credentials of its role. Version 2 wants a token that such a request cannot fetch.

    `http_tokens` has no safe default in the provider: what an instance without it gets depends on its image and on the
    account's default.
    """

    id = "metadata-without-token"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = 'Set `http_tokens = "required"` in `metadata_options`.'
    types = ("aws_instance", "aws_launch_template", "aws_launch_configuration")
    same_as = ("CKV_AWS_79", "AWS-0028", "AWS-0130")
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",)
    compliance = ("CIS-AWS-3.0:5.6", "AWS-FSBP:EC2.8")
    examples = (
        Example(
            bad="""
            resource "aws_launch_template" "web" { # finding
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"
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
            }
            """,
        ),
        Example(
            title="Optional",
            bad="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"

              metadata_options {
                http_tokens = "optional" # finding
              }
            }
            """,
            fixed="""
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f60718"
              instance_type = "t3.micro"

              metadata_options {
                http_endpoint = "disabled"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        options = subject.block("metadata_options")
        if options is None:
            if any(subject.blocks("launch_template")):
                return  # the template is asked in its own right
            for default in subject.model.all("aws_ec2_instance_metadata_defaults"):
                if default.text("http_tokens") == "required" and default.certain():
                    return
            yield self.finding(subject, "the metadata service's version 1 is not switched off", path="metadata_options")
            return
        if options.text("http_endpoint", default="enabled") == "disabled":
            return
        tokens = options.text("http_tokens", default="optional")
        if tokens != "required":
            yield self.finding(
                options,
                f"`http_tokens` is `{tokens}`: version 1 of the metadata service answers",
                path="http_tokens",
                fix=self.set_attribute(
                    options,
                    "http_tokens",
                    '"required"',
                    cli="aws ec2 modify-instance-metadata-options --http-tokens required --instance-id ID",
                ),
            )
