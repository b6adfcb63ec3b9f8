from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

ADMIN = "policy/AdministratorAccess"


class AdminPolicyAttached(Check[Resource]):
    """AWS's AdministratorAccess policy is attached to a principal.

    ## Why is this bad?
    Whoever holds the credentials can do everything in the account, the removal of its guardrails included. For people,
    an Identity Center permission set with a short session is the place for it; for workloads there is none.
    """

    id = "admin-policy-attached"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Attach a policy that lists the actions that this principal uses."
    types = (
        "aws_iam_role_policy_attachment",
        "aws_iam_user_policy_attachment",
        "aws_iam_group_policy_attachment",
        "aws_iam_policy_attachment",
        "aws_iam_role",
    )
    same_as = ("CKV_AWS_274", "CKV_AWS_275")
    references = ("https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html",)
    compliance = ("CIS-AWS-3.0:1.16", "AWS-FSBP:IAM.1")
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "deploy" {
              name               = "deploy"
              assume_role_policy = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "codebuild.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "deploy" {
              role       = aws_iam_role.deploy.name
              policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess" # finding
            }
            """,
            fixed="""
            resource "aws_iam_role" "deploy" {
              name               = "deploy"
              assume_role_policy = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "codebuild.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "deploy" {
              role       = aws_iam_role.deploy.name
              policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_iam_role":
            for index, arn in enumerate(subject.texts("managed_policy_arns")):
                if arn.endswith(ADMIN) and ":iam::aws:" in arn:
                    yield self.finding(subject, f"`{arn}` is attached", path=("managed_policy_arns", index))
        else:
            arn = subject.text("policy_arn")
            if arn.endswith(ADMIN) and ":iam::aws:" in arn:
                yield self.finding(subject, f"`{arn}` is attached", path="policy_arn")
