"""Whether something of a live account is used, by what CloudWatch counted. No data is never "idle"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from guardrails.model import LiveLocation, Model, Resource, Unknown

METRICS = "data.aws_cloudwatch_metric"
_CACHE = "account.usage"

_Key = tuple[str, str, str, frozenset[tuple[str, str]]]


class Metric(Struct, frozen=True):
    """A metric of one resource, by its dimensions' values."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


def is_live(resource: Resource) -> bool:
    """Whether a resource was read from a live account, so that facts such as ages and states can be had of it."""
    match resource.model.kind:
        case "account":
            return True
        case "configuration":
            return False  # never asks for the place, which costs
        case _:
            return isinstance(resource.place(), LiveLocation)  # a plan may lie over an account


def is_quiet(resource: Resource, *metrics: Metric, days: int, most: float = 0) -> bool:
    """Whether no day of the last `days` has a value above `most`, in any of the metrics.

    Values are sums or maxima of a day, as the collector asks for each metric. Raises `Unknown` where one is missing
    for a day: what nobody measured may have been used.
    """
    doubt = ""
    for metric in metrics:
        values = list(_daily(resource, metric, days))
        if any(value is not None and value > most for value in values):
            return False
        if missing := days - sum(value is not None for value in values):
            have = "no data" if missing == days else f"data of only {days - missing} of {days} days"
            doubt = doubt or f"CloudWatch has {have} of {metric.namespace} {metric.name}"
    if doubt:
        raise Unknown(f"{resource.address}: {doubt}", resource.place())
    return True


def _daily(resource: Resource, metric: Metric, days: int) -> Iterator[float | None]:
    """The values of the last days, newest first; None where there is none."""
    model = resource.model
    key = (resource.region, metric.namespace, metric.name, frozenset(metric.dimensions.items()))
    record = _index(model).get(key)
    if record is None:
        for gap in model.gaps:
            if not gap.types or METRICS in gap.types:
                raise Unknown(gap.reason, gap.location)
        return
    window = record.number("window_days")
    if days > window:
        raise Unknown(f"{days} days are asked for, and {window} were read of CloudWatch", resource.place())
    daily = record.get("daily")
    for value in (daily if isinstance(daily, list) else [])[:days]:
        yield float(value) if isinstance(value, int | float) else None


def _index(model: Model) -> Mapping[_Key, Resource]:
    cached = model.cache.get(_CACHE)
    if isinstance(cached, dict):
        return cached
    found: dict[_Key, Resource] = {}
    for record in model.all(METRICS):
        dimensions = record.get("dimensions")
        if isinstance(dimensions, dict):
            pairs = frozenset((name, str(value)) for name, value in dimensions.items())
            found[record.region, record.text("namespace"), record.text("metric_name"), pairs] = record
    model.cache[_CACHE] = found
    return found
