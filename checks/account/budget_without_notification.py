from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class BudgetWithoutNotification(Check[Resource]):
    """A budget tells nobody when it is exceeded.

    ## Why is this bad?
    A budget stops nothing by itself. Without a notification or an action it is a line in a console page that people
    open after the bill has come.
    """

    id = "budget-without-notification"
    kind = Kind.COST
    severity = Severity.LOW
    hint = "Add a `notification` with `FORECASTED` spending and an address that somebody reads."
    types = ("aws_budgets_budget",)
    references = ("https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html",)
    examples = (
        Example(
            bad="""
            resource "aws_budgets_budget" "monthly" { # finding
              name         = "monthly"
              budget_type  = "COST"
              limit_amount = "1000"
              limit_unit   = "USD"
              time_unit    = "MONTHLY"
            }
            """,
            fixed="""
            resource "aws_budgets_budget" "monthly" {
              name         = "monthly"
              budget_type  = "COST"
              limit_amount = "1000"
              limit_unit   = "USD"
              time_unit    = "MONTHLY"

              notification {
                comparison_operator        = "GREATER_THAN"
                notification_type          = "FORECASTED"
                threshold                  = 100
                threshold_type             = "PERCENTAGE"
                subscriber_email_addresses = ["team@example.com"]
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if any(True for _ in subject.blocks("notification")):
            return
        name = subject.text("name")
        for action in subject.model.resources("aws_budgets_budget_action"):
            if action.text("budget_name") == name:
                return
        yield self.finding(subject, "nobody is told, and nothing happens", path="notification")
