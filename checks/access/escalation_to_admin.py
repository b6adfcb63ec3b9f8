from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Label, Severity


class EscalationToAdmin(Check[Access]):
    """A principal can make itself an administrator.

    ## Why is this bad?
    Whoever holds its credentials has the whole account, in a few calls, although no policy says so in words: by
    attaching a policy, by writing a new version of one, by passing a powerful role to a service that runs code.

    A path is reported only if every step of it is possible in this design: Deny statements, boundaries, control
    policies, `iam:PassedToService` conditions and missing roles take it away.
    """

    id = "escalation-to-admin"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = (
        "Take away the permission that is named as the smallest change, or limit it to the resources that are needed."
    )
    same_as = ("CKV_AWS_110", "CKV_AWS_286", "CKV2_AWS_40")
    references = ("https://pathfinding.cloud/",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_user" "clerk" {
              name = "clerk"
            }

            resource "aws_iam_group" "clerks" {
              name = "clerks"
            }

            resource "aws_iam_user_group_membership" "clerk" {
              user   = aws_iam_user.clerk.name
              groups = [aws_iam_group.clerks.name]
            }

            resource "aws_iam_group_policy" "clerks" {
              name  = "policies"
              group = aws_iam_group.clerks.name
              policy = jsonencode({ # finding
                Version   = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "iam:PutUserPolicy"
                  Resource = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_user" "clerk" {
              name = "clerk"
            }

            resource "aws_iam_group" "clerks" {
              name = "clerks"
            }

            resource "aws_iam_user_group_membership" "clerk" {
              user   = aws_iam_user.clerk.name
              groups = [aws_iam_group.clerks.name]
            }

            resource "aws_iam_group_policy" "clerks" {
              name  = "policies"
              group = aws_iam_group.clerks.name
              policy = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "iam:GetUserPolicy"
                  Resource = "*"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for path in subject.paths():
            if not path.steps or not path.steps[0].statements:
                continue
            granted = path.steps[0].statements[0]
            steps = [
                f"{n}. {step.title}: {', '.join(step.permissions)} on {step.target}"
                for n, step in enumerate(path.steps, 1)
            ]
            related = []
            for step in path.steps:
                for each in step.statements[1:]:
                    place = each.view.origin(each.index).location
                    if place is not None:
                        related.append(Label(place, f"this grants {each.permission}"))
            details = [*steps, *([f"the smallest change that breaks it: {path.breaks.change}"] if path.breaks else [])]
            may = path.certainty == "may"
            yield self.finding(
                granted.view.block,
                f"{path.start.address} {'could' if may else 'can'} become an administrator: {path.steps[0].title}"
                + (f" ({path.doubts[0]})" if may and path.doubts else ""),
                path=granted.view.path,
                severity=Severity.MEDIUM if may else self.severity,
                related=related,
                details=details,
            )
