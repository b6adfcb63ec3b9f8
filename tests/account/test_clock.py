"""Ages as of the moment at which an account was read."""

from __future__ import annotations

import pytest

from guardrails.account import days_since, read_at
from guardrails.model import Model, Ref, Resource, Resources, Symbolic, Unknown, UnknownValue, Value

READ = "2026-01-31T12:00:00Z"


def key(value: Value, collected: object = READ) -> Resource:
    """An access key of an account, made at some time."""
    resource = Resource("aws_iam_access_key", "a", {"create_date": value})
    model = Model("111122223333", "account", Resources([resource]))
    model.cache["collected"] = collected
    return next(model.all("aws_iam_access_key"))


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ("2026-01-30T12:00:00Z", 1.0),
        ("2026-01-30T12:00:00+00:00", 1.0),
        ("2026-01-31T00:00:00+02:00", 14 / 24),
        ("2026-02-10T12:00:00Z", -10.0),
        ("2026-01-30T12:00:00", 1.0),
        ("", None),
        (None, None),
        (Symbolic(Ref("aws_iam_access_key.a", "create_date")), None),
    ],
)
def test_an_age_is_in_days(value: Value, days: float | None) -> None:
    """Times have zones, and what is to come is below zero; what is absent or the provider's has none."""
    assert days_since(key(value), "create_date") == days


@pytest.mark.parametrize("value", ["yesterday", UnknownValue("AccessDenied"), Symbolic(Ref("aws_x.y", "z"))])
def test_what_is_no_time_is_unknown(value: Value) -> None:
    """No age is made up."""
    with pytest.raises(Unknown):
        days_since(key(value), "create_date")


def test_a_design_without_a_moment_is_read_now() -> None:
    """A broken one is not taken for now."""
    assert read_at(Model("x", "account", Resources([]))).year >= 2026
    with pytest.raises(Unknown, match="'soon' is no time of reading"):
        read_at(key(None, "soon").model)
