"""Which regions of a live account were read, so that what a region lacks can be said."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import LiveLocation, Model, Unknown

_ENABLED = ("opt-in-not-required", "opted-in")


def regions_read(model: Model, *types: str) -> Iterator[str]:
    """The enabled regions of which it is known what they hold of these types, then `Unknown` if there are others.

    Without types: the regions that were read at all. Raises `Unknown` where the account's regions are not known.
    """
    enabled = [
        region.name
        for region in model.resources("data.aws_region")
        if region.text("opt_in_status", default=_ENABLED[0]) in _ENABLED
    ]
    # Every region has zones: one without any was not asked.
    asked = {zone.region for zone in model.all("data.aws_availability_zone")}
    doubt = "" if enabled else f"{model.name}: which regions are enabled is not known"
    for region in enabled:
        if region not in asked:
            doubt = doubt or f"{model.name}: {region} was not read"
        elif reason := _gap(model, region, types):
            doubt = doubt or reason
        else:
            yield region
    if doubt:
        raise Unknown(doubt)


def regions_without(model: Model, type_: str) -> tuple[list[str], str]:
    """The regions that surely hold nothing of a type, and why that is not known of others (empty if it is)."""
    held = {resource.region for resource in model.all(type_)}
    found: list[str] = []
    try:
        for region in regions_read(model, type_):
            if region not in held:
                found.append(region)  # noqa: PERF401  # those before the doubt are kept
    except Unknown as unknown:
        return found, unknown.reason
    return found, ""


def _gap(model: Model, region: str, types: tuple[str, ...]) -> str:
    for gap in model.gaps:
        if gap.types and gap.types.isdisjoint(types):
            continue
        place = gap.location
        if not isinstance(place, LiveLocation) or not place.region or place.region == region:
            return gap.reason
    return ""
