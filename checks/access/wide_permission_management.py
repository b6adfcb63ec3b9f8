from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class WidePermissionManagement(Check[Access]):
    """A principal may change permissions on every resource.

    ## Why is this bad?
    Who may write policies, ACLs, grants or trust on everything decides who may do what, and can widen access that
    nobody meant to be widened, one's own included.
    """

    id = "wide-permission-management"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Name the resources whose permissions this principal manages."
    same_as = ("CKV_AWS_109", "CKV_AWS_289")
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "storage" {
              name = "storage"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["s3:PutBucketPolicy", "s3:PutBucketAcl"]
                  Resource = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "storage" {
              name = "storage"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["s3:PutBucketPolicy", "s3:PutBucketAcl"]
                  Resource = "arn:aws:s3:::example-artifacts"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.unlimited("P"):
            if grant.allows_everything:
                continue
            actions = ", ".join(grant.actions[:3]) + (" and more" if len(grant.actions) > 3 else "")
            yield self.finding(
                grant.view.block,
                f"{grant.who} may call {actions} on everything",
                path=grant.view.path,
                related=grant.view.labels(grant.index),
            )
