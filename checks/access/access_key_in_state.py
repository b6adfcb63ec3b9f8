from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class AccessKeyInState(Check[Resource]):
    """Terraform creates a long-lived access key.

    ## Why is this bad?
    The key never expires, and without `pgp_key` its secret stands in clear text in the state, where everybody who can
    run a plan can read it. Workloads in AWS get short-lived credentials from their role, pipelines outside of it from
    an OIDC provider.
    """

    id = "access-key-in-state"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Let the workload assume a role: by an instance profile, or through an OIDC provider from outside of AWS."
    types = ("aws_iam_access_key",)
    references = ("https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/iam_access_key",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_user" "pipeline" {
              name = "pipeline"
            }

            resource "aws_iam_access_key" "pipeline" { # finding
              user = aws_iam_user.pipeline.name
            }
            """,
            fixed="""
            resource "aws_iam_openid_connect_provider" "github" {
              url            = "https://token.actions.githubusercontent.com"
              client_id_list = ["sts.amazonaws.com"]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.model.kind == "account":
            return  # it need not be Terraform that made the key
        if subject.text("status", default="Active") == "Inactive":
            return
        where = "encrypted in the state" if subject.is_set("pgp_key") else "in clear text in the state"
        severity = Severity.LOW if subject.is_set("pgp_key") else self.severity
        yield self.finding(subject, f"a key that never expires is made, its secret {where}", severity=severity)
