"""Budgets: what the account may spend, and who is told."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import ACCOUNT, Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick

NOTIFICATIONS = Call(
    "budgets",
    "DescribeNotificationsForBudget",
    "Notifications",
    action="budgets:ViewBudget",
    params={"AccountId": ACCOUNT},
)


def _budget(aws: Scope, item: Answer) -> Iterator[Record]:
    name = item["BudgetName"]
    yield aws.record(
        "aws_budgets_budget",
        name,
        {
            "id": f"{aws.account}:{name}",
            "account_id": aws.account,
            "arn": aws.arn("budgets", f"budget/{name}", region=""),
            **pick(
                item,
                name="BudgetName",
                budget_type="BudgetType",
                time_unit="TimeUnit",
                limit_amount="BudgetLimit.Amount",
                limit_unit="BudgetLimit.Unit",
            ),
            "notification": [
                one
                if isinstance(one, UnknownValue)
                else pick(
                    one,
                    notification_type="NotificationType",
                    comparison_operator="ComparisonOperator",
                    threshold="Threshold",
                    threshold_type="ThresholdType",
                )
                for one in aws.items(NOTIFICATIONS, BudgetName=name)
            ],
        },
    )


SERVICE = Service(
    "budgets",
    (
        Part(
            ("aws_budgets_budget",),
            # AWS leaves the list out where there is no budget.
            Call(
                "budgets",
                "DescribeBudgets",
                "Budgets",
                action="budgets:ViewBudget",
                params={"AccountId": ACCOUNT},
                absent=("NotFoundException",),
            ),
            _budget,
            (NOTIFICATIONS,),
        ),
    ),
    where="global",
)
