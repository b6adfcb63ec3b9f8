"""GuardDuty: detectors and what they watch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.model import UnknownValue
from guardrails.sources.aws.collector import Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick, tags_of

DETECTOR = Call("guardduty", "GetDetector")


def _detector(aws: Scope, detector: Any) -> Iterator[Record]:
    arn = aws.arn("guardduty", f"detector/{detector}")
    answer = aws.read(DETECTOR, DetectorId=detector)
    if isinstance(answer, UnknownValue):
        values: dict[str, Any] = {"enable": answer, "finding_publishing_frequency": answer}
    else:
        values = {
            "enable": answer["Status"] == "ENABLED",
            "finding_publishing_frequency": answer.get("FindingPublishingFrequency"),
            "features": [pick(feature, name="Name", status="Status") for feature in answer.get("Features", [])],
            **tags_of(answer.get("Tags")),
        }
    yield aws.record("aws_guardduty_detector", detector, {"account_id": aws.account, **values}, arn=arn, unique=True)


SERVICE = Service(
    "guardduty",
    (
        Part(
            ("aws_guardduty_detector",),
            Call("guardduty", "ListDetectors", "DetectorIds"),
            _detector,
            (DETECTOR,),
        ),
    ),
)
