"""Environments by their tags."""

from __future__ import annotations

import pytest

from guardrails.account import environment
from guardrails.model import Resource, Unknown, UnknownValue, Value


def tagged(**tags: Value) -> Resource:
    """A bucket with tags."""
    return Resource("aws_s3_bucket", "b", {"tags": dict(tags)})


@pytest.mark.parametrize(
    ("tag", "temporary", "production"),
    [
        ("preview-42", True, False),
        ("PR_7", True, False),
        ("production", False, True),
        ("prod-eu", False, True),
        ("non-prod", False, False),
        ("staging", False, False),
        ("product", False, False),
    ],
)
def test_the_words_of_the_tag_say_what_it_is(tag: str, temporary: bool, production: bool) -> None:
    """A word counts as a whole, whatever separates it."""
    found = environment(tagged(Environment=tag))
    assert (found.temporary, found.production) == (temporary, production)


def test_a_resource_without_tag_has_no_environment() -> None:
    """It is neither temporary nor production."""
    assert environment(tagged(Owner="ana")).name == ""


def test_an_unknown_tag_is_unknown() -> None:
    """A tag that is not known is not taken for none."""
    with pytest.raises(Unknown, match=r"var\.env has no value"):
        environment(tagged(Env=UnknownValue("var.env has no value")))
