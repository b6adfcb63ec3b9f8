"""Whether something is used, by its metrics."""

from __future__ import annotations

import pytest

from guardrails.account.usage import Metric, is_quiet
from guardrails.model import Gap, Model, Provider, Resource, Resources, Unknown, Value

SENT = Metric("AWS/NATGateway", "BytesOutToDestination", {"NatGatewayId": "nat-1"})
EAST = Provider(config={"region": "us-east-1"})


def gateway(*series: list[Value], region: str = "us-east-1", gaps: tuple[Gap, ...] = ()) -> Resource:
    """A NAT gateway, and what was counted of it."""
    found = Resource("aws_nat_gateway", "nat-1", {"id": "nat-1"}, provider=EAST)
    metrics = [
        Resource(
            "aws_cloudwatch_metric",
            "m",
            {
                "namespace": SENT.namespace,
                "metric_name": SENT.name,
                "dimensions": {"NatGatewayId": "nat-1"},
                "window_days": 90,
                "daily": daily,
            },
            mode="data",
            provider=Provider(config={"region": region}),
        )
        for daily in series
    ]
    Model("111122223333", "account", Resources([found, *metrics]), gaps=gaps).at(found.address)
    return found


@pytest.mark.parametrize(
    ("daily", "most", "expected"),
    [
        ([0, 0, 0], 0, True),
        ([0, 0, 0, 9], 0, True),
        ([0, 9, 0], 0, False),
        ([None, 9, None], 0, False),
        ([3, 5, 1], 5, True),
        ([3, 5.1, 1], 5, False),
    ],
)
def test_three_days(daily: list[Value], most: float, expected: bool) -> None:
    """All of the days count, none before; one value above the limit is use, whatever is missing."""
    assert is_quiet(gateway(daily), SENT, days=3, most=most) is expected


@pytest.mark.parametrize(
    ("nat", "reason"),
    [
        (gateway(), "no data of AWS/NATGateway BytesOutToDestination"),
        (gateway([None, None, None]), "no data of"),
        (gateway([0, None, 0]), "data of only 2 of 3 days of"),
        (gateway([0, 0]), "data of only 2 of 3 days of"),
        (gateway([0, 0, 0], region="eu-west-1"), "no data of"),
    ],
)
def test_no_data_is_not_idle(nat: Resource, reason: str) -> None:
    """A day that nobody measured may have been a busy one."""
    with pytest.raises(Unknown, match=reason):
        is_quiet(nat, SENT, days=3)


def test_a_list_of_metrics_that_was_denied_is_the_reason() -> None:
    """It says what is missing."""
    gap = Gap("AccessDenied: cloudwatch:ListMetrics", frozenset({"data.aws_cloudwatch_metric"}))
    with pytest.raises(Unknown, match=r"AccessDenied: cloudwatch:ListMetrics"):
        is_quiet(gateway(gaps=(gap,)), SENT, days=3)


def test_a_window_that_was_not_read_is_unknown() -> None:
    """More days than were collected cannot be judged."""
    with pytest.raises(Unknown, match="120 days are asked for, and 90 were read of CloudWatch"):
        is_quiet(gateway([0] * 90), SENT, days=120)
