from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity

HANDED_OUT = (
    ("iam:CreateAccessKey", "arn:{partition}:iam::{account}:user/guardrails-any"),
    ("iam:CreateLoginProfile", "arn:{partition}:iam::{account}:user/guardrails-any"),
    ("iam:UpdateLoginProfile", "arn:{partition}:iam::{account}:user/guardrails-any"),
    ("iam:CreateServiceSpecificCredential", "arn:{partition}:iam::{account}:user/guardrails-any"),
    ("sts:AssumeRole", "arn:{partition}:iam::{account}:role/guardrails-any"),
    ("ec2:GetPasswordData", "arn:{partition}:ec2:{region}:{account}:instance/guardrails-any"),
    ("redshift:GetClusterCredentials", "arn:{partition}:redshift:{region}:{account}:dbuser:guardrails-any/x"),
    ("rds-db:connect", "arn:{partition}:rds-db:{region}:{account}:dbuser:guardrails-any/guardrails-any"),
    ("lightsail:GetInstanceAccessDetails", "arn:{partition}:lightsail:{region}:{account}:Instance/guardrails-any"),
)
"""What hands out credentials of somebody else, for somebody whom nobody names."""


class WideCredentialAccess(Check[Access]):
    """A principal may get the credentials of every user, role or database.

    ## Why is this bad?
    It becomes whomever it likes: it makes an access key for any user, assumes every role that trusts the account, or
    logs in to any database, and the trail shows the other's name.
    """

    id = "wide-credential-access"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Name the users, roles and databases whose credentials this principal needs."
    same_as = ("CKV_AWS_107", "CKV_AWS_287")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "helpdesk" {
              name = "helpdesk"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "sts:AssumeRole"
                  Resource = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "helpdesk" {
              name = "helpdesk"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "sts:AssumeRole"
                  Resource = "arn:aws:iam::111122223333:role/helpdesk"
                }]
              })
            }
            """,
        ),
        Example(
            title="Keys of users",
            bad="""
            resource "aws_iam_policy" "helpdesk" {
              name = "helpdesk"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "iam:*AccessKey*"
                  Resource = "arn:aws:iam::*:user/*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "helpdesk" {
              name = "helpdesk"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "iam:*AccessKey*"
                  Resource = "arn:aws:iam::*:user/$${aws:username}"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.granted(*HANDED_OUT):
            if grant.allows_everything:
                continue
            actions = ", ".join(grant.actions[:3]) + (" and more" if len(grant.actions) > 3 else "")
            yield self.finding(
                grant.view.block,
                f"{grant.who} may call {actions} of everybody",
                path=grant.view.path,
                related=grant.view.labels(grant.index),
            )
