from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Severity, Unknown


class AccountWithoutBudget(Check[Model]):
    """Nobody is told what an account spends.

    ## Why is this bad?
    A loop that writes logs, a gateway with a terabyte a day, or somebody who mines with a stolen key: the first sign
    is the bill, a month later.

    A member account is often watched by a budget of its organisation, which cannot be seen from it: there, the
    absence of a budget is undecided.
    """

    id = "account-without-budget"
    kind = Kind.COST
    severity = Severity.LOW
    hint = "Make an `aws_budgets_budget` with a notification on the forecast."
    references = ("https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_budgets_budget", "data.aws_organizations_organization"]} # finding
            """,
            fixed="""
            {"complete": ["data.aws_organizations_organization"]}
            {"type": "aws_budgets_budget", "name": "monthly", "values": {
              "name": "monthly", "notification": [{"notification_type": "FORECASTED"}]
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account" or any(subject.resources("aws_budgets_budget")):
            return
        for organisation in subject.resources("data.aws_organizations_organization"):
            raise Unknown(f"a budget of the organisation {organisation.name} may watch the account")
        yield self.finding(subject, "it has no budget")
