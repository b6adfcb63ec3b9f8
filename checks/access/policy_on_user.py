from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class PolicyOnUser(Check[Resource]):
    """A policy is attached to a single IAM user.

    ## Why is this bad?
    Permissions that hang on people one by one are not seen when somebody changes teams, and no review finds all of
    them. A group, a role or a permission set says what a job may do, once.
    """

    id = "policy-on-user"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Attach the policy to a group or a role, and make the user a member."
    types = ("aws_iam_user_policy", "aws_iam_user_policy_attachment", "aws_iam_policy_attachment")
    same_as = ("CKV_AWS_40", "AWS-0143")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",)
    compliance = ("CIS-AWS-3.0:1.15", "AWS-FSBP:IAM.2")
    examples = (
        Example(
            bad="""
            resource "aws_iam_user" "ana" {
              name = "ana"
            }

            resource "aws_iam_user_policy_attachment" "ana" {
              user       = aws_iam_user.ana.name # finding
              policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
            }
            """,
            fixed="""
            resource "aws_iam_user" "ana" {
              name = "ana"
            }

            resource "aws_iam_group" "audit" {
              name = "audit"
            }

            resource "aws_iam_user_group_membership" "ana" {
              user   = aws_iam_user.ana.name
              groups = [aws_iam_group.audit.name]
            }

            resource "aws_iam_group_policy_attachment" "audit" {
              group      = aws_iam_group.audit.name
              policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_iam_policy_attachment":
            for index, user in enumerate(subject.texts("users")):
                yield self.finding(subject, f"the policy hangs on the user `{user}`", path=("users", index))
        else:
            yield self.finding(subject, f"the policy hangs on the user `{subject.text('user')}`", path="user")
