from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

FEATURE = "RootCredentialsManagement"


class RootUsersUnmanaged(Check[Resource]):
    """Every member account of an organisation keeps root credentials of its own.

    ## Why is this bad?
    Each account has a root user with a password that somebody can reset by mail, and nobody looks after all of them.
    With central root access member accounts need no root credentials at all: they are removed once, and what only the
    root user may do is done from the management account, for a quarter of an hour at a time.
    """

    id = "root-users-unmanaged"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Add `RootCredentialsManagement` to the features, and remove the root credentials of member accounts."
    types = ("aws_iam_organizations_features",)
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_organizations_features",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_organizations_features" "main" {
              enabled_features = ["RootSessions"] # finding
            }
            """,
            fixed="""
            resource "aws_iam_organizations_features" "main" {
              enabled_features = ["RootCredentialsManagement", "RootSessions"]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        features = list(subject.texts("enabled_features"))
        if FEATURE in features:
            return
        wanted = ", ".join(f'"{each}"' for each in (FEATURE, *features))
        yield self.finding(
            subject,
            f"only {', '.join(features)} is managed centrally" if features else "nothing is managed centrally",
            path="enabled_features",
            fix=self.set_attribute(
                subject,
                "enabled_features",
                f"[{wanted}]",
                cli="aws iam enable-organizations-root-credentials-management",
            ),
        )
