"""IAM Access Analyzer: analyzers."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.sources.aws.collector import Answer, Call, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.scope import Scope
from guardrails.sources.aws.shape import pick, tags_of, when


def _analyzer(aws: Scope, item: Answer) -> Iterator[Record]:
    yield aws.record(
        "aws_accessanalyzer_analyzer",
        item["name"],
        {
            **pick(item, analyzer_name="name", arn="arn", type="type", status="status"),
            "created_at": when(item.get("createdAt")),
            **tags_of(item.get("tags")),
        },
    )


SERVICE = Service(
    "accessanalyzer",
    (Part(("aws_accessanalyzer_analyzer",), Call("accessanalyzer", "ListAnalyzers", "analyzers"), _analyzer),),
)
