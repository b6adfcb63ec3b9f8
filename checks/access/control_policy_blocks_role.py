from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Principal, Severity, related


class ControlPolicyBlocksRole(Check[Principal]):
    """A service control policy denies what a role of the same design needs.

    ## Why is this bad?
    A Deny of the organisation holds for every administrator of the account, so that the role fails with `AccessDenied
    ... with an explicit deny in a service control policy`, in the first run and not in the plan.

    An action is reported if nothing of it gets through on any resource that the statement names.
    """

    id = "control-policy-blocks-role"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Except the role from the Deny, or take the actions out of its policy."
    references = (
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html",
        "https://github.com/cloudposse/terraform-aws-service-control-policies/issues/50",
    )
    examples = (
        Example(
            bad="""
            resource "aws_organizations_policy" "storage" {
              name = "storage"
              content = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Deny"
                  Action   = "s3:DeleteObject"
                  Resource = "*"
                }]
              })
            }

            resource "aws_organizations_policy_attachment" "storage" {
              policy_id = aws_organizations_policy.storage.id
              target_id = "r-ab12"
            }

            resource "aws_iam_role" "cleanup" {
              name = "cleanup"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy" "cleanup" {
              name = "cleanup"
              role = aws_iam_role.cleanup.name
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["s3:ListBucket", "s3:DeleteObject"]
                  Resource = ["arn:aws:s3:::example-scratch", "arn:aws:s3:::example-scratch/*"]
                }]
              })
            }
            """,
            fixed="""
            resource "aws_organizations_policy" "storage" {
              name = "storage"
              content = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Deny"
                  Action   = "s3:DeleteObject"
                  Condition = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::*:role/cleanup" } }
                  Resource = "*"
                }]
              })
            }

            resource "aws_organizations_policy_attachment" "storage" {
              policy_id = aws_organizations_policy.storage.id
              target_id = "r-ab12"
            }

            resource "aws_iam_role" "cleanup" {
              name = "cleanup"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy" "cleanup" {
              name = "cleanup"
              role = aws_iam_role.cleanup.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["s3:ListBucket", "s3:DeleteObject"]
                  Resource = ["arn:aws:s3:::example-scratch", "arn:aws:s3:::example-scratch/*"]
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Principal, /) -> Iterator[Finding]:
        for found in subject.blocked_by_organisation():
            actions = ", ".join(found.actions[:3]) + (" and more" if len(found.actions) > 3 else "")
            how = "denies" if found.explicit else "does not allow"
            yield self.finding(
                found.view.block,
                f"{subject.address} never gets {actions}: {found.by[0].title} {how} it",
                path=found.view.path,
                related=(
                    *found.view.labels(found.index),
                    *related((found.by[0].block.place(*found.by[0].path), "this limits it")),
                ),
            )
