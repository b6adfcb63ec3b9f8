from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class PublicSearchDomain(Check[Resource]):
    """An OpenSearch domain stands on the internet instead of in a VPC.

    ## Why is this bad?
    Its endpoint answers to every address. All that keeps strangers from the data is the access policy, and policies
    that allow an address range or `*` because a dashboard did not load are how most open search clusters came about.
    In a VPC, a security group stands before it, and no policy can undo that.

    A domain cannot be moved: a new one in the VPC takes a snapshot's data.
    """

    id = "public-search-domain"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Make the domain in a VPC: `vpc_options` with private subnets and a security group of its own."
    types = ("aws_opensearch_domain", "aws_elasticsearch_domain")
    same_as = ("CKV_AWS_137",)
    references = ("https://docs.aws.amazon.com/opensearch-service/latest/developerguide/vpc.html",)
    compliance = ("AWS-FSBP:Opensearch.2", "AWS-FSBP:ES.2")
    examples = (
        Example(
            bad="""
            resource "aws_opensearch_domain" "logs" { # finding
              domain_name    = "logs"
              engine_version = "OpenSearch_2.17"

              encrypt_at_rest {
                enabled = true
              }
            }
            """,
            fixed="""
            resource "aws_opensearch_domain" "logs" {
              domain_name    = "logs"
              engine_version = "OpenSearch_2.17"

              encrypt_at_rest {
                enabled = true
              }

              vpc_options {
                subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
                security_group_ids = ["sg-0a1b2c3d4e5f60718"]
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not any(subject.blocks("vpc_options")):
            yield self.finding(
                subject, "it is in no VPC: its endpoint answers to the whole internet", path="vpc_options"
            )
