from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, environment


class SecretNameBlockedAfterDestroy(Check[Resource]):
    """A secret of a short-lived environment keeps its name after it is destroyed.

    ## Why is this bad?
    A deleted secret waits out its recovery window, 30 days by default, and its name with it. The next deploy of the
    same preview environment fails: `InvalidRequestException: You can't create this secret because a secret with this
    name is already scheduled for deletion`.
    """

    id = "secret-name-blocked-after-destroy"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Set `recovery_window_in_days = 0` in temporary environments, or use `name_prefix`."
    types = ("aws_secretsmanager_secret",)
    references = ("https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",)
    examples = (
        Example(
            bad="""
            resource "aws_secretsmanager_secret" "api" {
              name = "preview-42/api" # finding
              tags = {
                Environment = "preview-42"
              }
            }
            """,
            fixed="""
            resource "aws_secretsmanager_secret" "api" {
              name                    = "preview-42/api"
              recovery_window_in_days = 0
              tags = {
                Environment = "preview-42"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.model.kind == "account":
            return  # how it will be destroyed is for Terraform to say
        if not subject.is_set("name") or subject.number("recovery_window_in_days", default=30) == 0:
            return
        name = environment(subject)
        if name.temporary:
            days = subject.number("recovery_window_in_days", default=30)
            yield self.finding(
                subject,
                f"its name stays taken for {days} days after `{name.name}` is destroyed",
                path="name",
                fix=self.set_attribute(subject, "recovery_window_in_days", "0"),
            )
