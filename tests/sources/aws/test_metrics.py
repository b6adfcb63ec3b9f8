"""What CloudWatch counted, day by day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import botocore.session

from guardrails.sources.aws.audit import Options, collect
from guardrails.sources.aws.collectors.cloudwatch import WINDOW
from guardrails.sources.aws.session import Limits
from tests.sources.aws.simulator import Proxy


def test_days_have_their_place_and_days_without_data_are_none(aws: Proxy) -> None:
    """The newest day comes first, values of a day are added up, and a day that nobody measured is no zero."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    client = botocore.session.Session().create_client("cloudwatch", region_name="us-east-1")
    client.put_metric_data(  # type: ignore[attr-defined]  # botocore's own
        Namespace="AWS/NATGateway",
        MetricData=[
            {
                "MetricName": "BytesOutToDestination",
                "Dimensions": [{"Name": "NatGatewayId", "Value": "nat-1"}],
                "Timestamp": now - timedelta(hours=hours),
                "Value": value,
            }
            for hours, value in ((2, 5.0), (3, 1.0), (50, 7.0))
        ],
    )

    with ThreadPoolExecutor(4) as executor:
        options = Options(regions=("us-east-1",), services=("cloudwatch",), limits=Limits(attempts=2, pace=1000))
        [model] = collect(options, executor)

    [metric] = [each for each in model.all("data.aws_cloudwatch_metric") if each.get("namespace") == "AWS/NATGateway"]
    assert metric.get("dimensions") == {"NatGatewayId": "nat-1"}
    assert metric.get("window_days") == WINDOW
    assert metric.get("daily") == [6.0, None, 7.0, *[None] * (WINDOW - 3)]
