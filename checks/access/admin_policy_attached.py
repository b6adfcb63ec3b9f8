from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Resource, Severity

ADMIN = "policy/AdministratorAccess"
ANYTHING = "guardrails:Anything"
"""An action that no policy speaks of: who may not call it is no administrator."""


class AdminPolicyAttached(Check[Resource]):
    """AWS's AdministratorAccess policy is attached to a principal.

    ## Why is this bad?
    Whoever holds the credentials can do everything in the account, the removal of its guardrails included. For people,
    an Identity Center permission set with a short session is the place for it; for workloads there is none.

    Within a boundary or under control policies that leave little of it, it is not reported.
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
        own = subject.type == "aws_iam_role"
        path: tuple[str, ...] = ("managed_policy_arns",) if own else ("policy_arn",)
        arns = enumerate(subject.texts(*path)) if own else [(0, subject.text(*path))]
        for index, arn in arns:
            made = subject.model.resolve(arn, "aws_iam_policy")
            if made is not None and made.mode == "managed":
                continue  # the design's own
            if arn.endswith(ADMIN) and ":iam::aws:" in arn and not self._limited(subject, arn):
                yield self.finding(subject, f"`{arn}` is attached", path=(*path, index) if own else path)

    @staticmethod
    def _limited(subject: Resource, arn: str) -> bool:
        """Whether everybody in view who has the policy by this resource is kept from most of it."""
        access = Access.of(subject.model)
        holders = [
            principal
            for principal in access.principals()
            if any(view.resource is subject and view.title == str.__str__(arn) for view in principal.policies())
            and principal.kind != "group"
        ]
        return bool(holders) and all(access.can(each, ANYTHING).outcome == "denied" for each in holders)
