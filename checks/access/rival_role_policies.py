from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, related

RIVALS = {"managed_policy_arns": "aws_iam_role_policy_attachment", "inline_policy": "aws_iam_role_policy"}


def _not_listed(role: Resource, other: Resource) -> bool:
    """Whether the role's own list does not have what another resource attaches."""
    arn = other.raw("policy_arn")
    return arn is None or not isinstance(arn, str) or arn not in list(role.texts("managed_policy_arns"))


class RivalRolePolicies(Check[Resource]):
    """A role's own arguments and other resources both set its policies.

    ## Why is this bad?
    `inline_policy` and `managed_policy_arns` own all policies of the role: each apply removes what
    `aws_iam_role_policy` and `aws_iam_role_policy_attachment` add, the next one puts it back, and in between the role
    fails with `AccessDenied`.
    """

    id = "rival-role-policies"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Use resources of their own for all policies of the role."
    types = ("aws_iam_role",)
    references = ("https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/iam_role",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "worker" {
              name = "worker"
              managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] # finding
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "worker" {
              role       = aws_iam_role.worker.name
              policy_arn = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
            }
            """,
            fixed="""
            resource "aws_iam_role" "worker" {
              name = "worker"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "worker" {
              for_each   = toset(["AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy"])
              role       = aws_iam_role.worker.name
              policy_arn = "arn:aws:iam::aws:policy/${each.key}"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.model.kind not in ("configuration", "plan"):
            return  # a state and an account repeat on the role what other resources set
        for attribute, type_ in RIVALS.items():
            if next(subject.items(attribute), None) is None:
                continue
            for other in subject.model.all(type_):
                if subject.model.resolve(other.raw("role"), "aws_iam_role") is subject and _not_listed(subject, other):
                    yield self.finding(
                        subject,
                        f"`{attribute}` removes what {other.address} sets, and the other way round",
                        path=attribute,
                        related=related((other.place(), "this sets it too")),
                    )
                    break
