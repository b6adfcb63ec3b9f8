"""Ages of what a live account holds, as of the moment at which it was read."""

from __future__ import annotations

from datetime import UTC, datetime

from guardrails.model import Block, Model, Unknown, dotted


def read_at(model: Model) -> datetime:
    """When a design was read: what a saved account says of itself, else now. Raises `Unknown` for what is no time."""
    collected = model.cache.get("collected")
    if collected is None:
        return datetime.now(UTC)
    try:
        return _moment(str(collected))
    except ValueError:
        raise Unknown(f"{model.name}: {collected!r} is no time of reading") from None


def days_since(block: Block, *path: str | int) -> float | None:
    """The days from the time in an attribute (RFC 3339) until the account was read; below zero for one to come.

    None where the attribute is absent, empty or left to the provider. Raises `Unknown` for what is not known or no
    time.
    """
    text = block.text(*path, default="")
    if not text:
        return None
    try:
        moment = _moment(text)
    except ValueError:
        raise Unknown(f"{block.resource.address}: {dotted((*block.path, *path))} is no time", block.place()) from None
    return (read_at(block.resource.model) - moment).total_seconds() / 86400


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
