from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class MetadataDefaultWithoutToken(Check[Resource]):
    """New instances of a region may answer metadata requests without a token.

    ## Why is this bad?
    An instance that Auto Scaling, a console user or an old module starts without saying otherwise gives its role's
    credentials to whoever can make it fetch a URL. The default of the region closes that for all of them.

    It holds for instances started from now on; those that run keep what they have.
    """

    id = "metadata-default-without-token"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Set `http_tokens` to `required`."
    types = ("aws_ec2_instance_metadata_defaults",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html",)
    examples = (
        Example(
            bad="""
            resource "aws_ec2_instance_metadata_defaults" "main" {
              http_tokens                 = "optional" # finding
              http_put_response_hop_limit = 2
            }
            """,
            fixed="""
            resource "aws_ec2_instance_metadata_defaults" "main" {
              http_tokens                 = "required"
              http_put_response_hop_limit = 2
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        tokens = subject.text("http_tokens", default="no-preference")
        if tokens != "required":
            yield self.finding(
                subject,
                f"the default for tokens is `{tokens}`",
                path="http_tokens",
                fix=self.set_attribute(
                    subject,
                    "http_tokens",
                    '"required"',
                    cli="aws ec2 modify-instance-metadata-defaults --http-tokens required",
                ),
            )
