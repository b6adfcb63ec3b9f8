"""Languages of patterns against all short strings."""

from __future__ import annotations

import itertools
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.access.glob import encode, loosen, overlaps, pattern, replace_tokens, token, token_names
from guardrails.access.language import (
    ANY_ARN,
    FOLD,
    SEG,
    SEG_ONE,
    TooHard,
    arn_condition,
    common,
    fits,
    includes,
    meets,
    resource_language,
    resource_matcher,
    union,
)
from guardrails.access.member import member
from guardrails.model import Ref, Symbolic

LONG = os.environ.get("GUARDRAILS_LONG") == "1"
TEXTS = ["".join(text) for size in range(6) for text in itertools.product("ab:x", repeat=size)]
CHARS = ["a", "a", "b", ":", "*", "*", "?", SEG, SEG_ONE]
PATTERNS = st.lists(st.sampled_from(CHARS), max_size=5).map(lambda chars: pattern("".join(chars)))


def members(one: str) -> set[str]:
    """The short strings of a pattern."""
    return {text for text in TEXTS if fits(one, text)}


@settings(max_examples=20_000 if LONG else 500, deadline=None, derandomize=True)
@given(PATTERNS, PATTERNS, st.lists(PATTERNS, min_size=1, max_size=4))
def test_relations_and_differences_are_those_of_the_strings(one: str, other: str, taken: list[str]) -> None:
    """Inclusion, overlap, intersection and a member of a difference agree with every string up to five characters."""
    left, right = members(one), members(other)

    if includes(other, one):
        assert left <= right
    if not meets(one, other):
        assert not left & right
    shared = common(one, other)
    assert {text for text in TEXTS if any(fits(each, text) for each in shared)} == left & right
    found = member((one,), tuple(taken), ("example",))
    if found is None:
        assert not [text for text in left if not any(fits(each, text) for each in taken)]
    else:
        assert fits(one, found)
        assert not any(fits(each, found) for each in taken)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("a*", "*b", ("ab", "a*b")),
        ("arn:aws:s3:::b*", "arn:aws:s3:::*k", ("arn:aws:s3:::b*k",)),
        (f"arn:aws:iam::{SEG}:role/*", f"arn:aws:{SEG}::1:*", ("arn:aws:iam::1:role/*",)),
        (ANY_ARN, "arn:aws:s3:::b", ("arn:aws:s3:::b",)),
        (f"{FOLD}ab", "A*", ("AB", "Ab")),
    ],
)
def test_intersections_are_patterns_again(one: str, other: str, shared: tuple[str, ...]) -> None:
    """The intersection of two patterns is a list of them."""
    made = common(one, other)

    assert all(any(includes(each, want) for each in made) for want in shared)
    assert all(includes(one, each) and includes(other, each) for each in made)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("*", ("*",)),
        ("arn:aws:s3:::b/*", ("arn:aws:s3:::b/*",)),
        ("arn:*", (ANY_ARN,)),
        ("arn:aws:iam::*:role/x", (f"arn:aws:iam::{SEG}:role/x", f"arn:aws:iam::{SEG}:*:role/x")),
        ("arn:aws:lambda:*:function:f", (f"arn:aws:lambda:{SEG}:function:f", f"arn:aws:lambda:{SEG}:{SEG}:function:f")),
        ("bucket", ()),
        ("arn:aws:s3", ()),
    ],
)
def test_a_resource_pattern_has_a_form_for_each_span_of_its_stars(text: str, forms: tuple[str, ...]) -> None:
    """User Guide, "Resource": a star at the end of a segment can match beyond the colon."""
    made = resource_language(text)

    assert set(forms) <= set(made)
    assert bool(made) is bool(forms)


ARNS = [
    ":".join(("arn", *parts))
    for parts in itertools.product(("p", "aws"), ("s", "x"), ("", "r"), ("1", "22"), ("a", "a:b", "x:1:a"))
]
ARN_CHARS = ["arn", ":", ":", ":", "s", "r", "1", "a", "*", "*", "?"]


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(ARN_CHARS), max_size=12).map("".join))
def test_resource_forms_have_the_arns_of_the_pattern(text: str) -> None:
    """The union of the forms is the pattern's language over whole ARNs, and the direct matcher agrees."""
    text = pattern(text)  # a run of wildcards has its star last
    made = union(resource_language(text))
    expected = re.compile(
        "".join(
            {"*": ".*" if late(text, i) else "[^:]*", "?": "." if text[:i].count(":") > 4 else "[^:]"}.get(c)
            or re.escape(c)
            for i, c in enumerate(text)
        )
    )
    for arn in ARNS:
        assert made.has(arn) is bool(expected.fullmatch(arn)), (text, arn)
        assert resource_matcher(text)(arn) is bool(expected.fullmatch(arn)), (text, arn)


def late(text: str, index: int) -> bool:
    """Whether a star may span colons."""
    return text[:index].count(":") > 4 or text[index + 1 : index + 2] in (":", "")


def test_arn_conditions_take_whole_arns_alone() -> None:
    """`ArnLike` with a star matches ARNs, not text; short patterns match nothing."""
    assert arn_condition("*") == ANY_ARN
    assert arn_condition("arn:aws:s3") is None
    assert arn_condition("x:aws:s3:::b") is None
    assert arn_condition("a*:aws:s3:*::b*") == f"arn:aws:s3:{SEG}::b*"


def test_case_is_folded_exactly() -> None:
    """A literal without case is left by none of its spellings, and by some of them only in part."""
    assert member((f"{FOLD}ab",), ("AB", "Ab", "aB", "ab"), ()) is None
    assert member((f"{FOLD}ab",), ("AB", "Ab", "ab"), ()) == "aB"
    assert member(("Ab",), (f"{FOLD}ab",), ()) is None
    assert includes("??", f"{FOLD}ab")
    assert not includes("a?", f"{FOLD}ab")


def test_nice_members_come_first() -> None:
    """Wildcards are filled with what people can read."""
    assert member((ANY_ARN,), (), ("example",)) == "arn:aws:s3:us-east-1:111122223333:example"
    assert member(("a*",), ("aex*",), ("example", "other")) == "aother"


def test_too_many_interleavings_are_given_up() -> None:
    """The budget ends in an exception, not in a guess."""
    with pytest.raises(TooHard):
        common("*" + "*".join("abcdefgh") + "*", "*" + "*".join("ijklmnop") + "*")


def test_tokens_are_spanned_by_stars_alone() -> None:
    """A value that is not known equals itself; `?` does not stand for it, and no text is a part of it."""
    bucket = encode(Symbolic("arn:aws:s3:::", Ref("aws_s3_bucket.b", "id"), "/k"))

    assert token_names(bucket) == ["@aws_s3_bucket.b.id"]
    assert fits(pattern("arn:aws:s3:::*/k"), bucket)
    assert not fits(pattern("arn:aws:s3:::?/k"), bucket)
    assert not fits(pattern("*bucket*"), bucket)
    assert replace_tokens(bucket, lambda name: "x") == "arn:aws:s3:::x/k"
    assert loosen(bucket) == "arn:aws:s3:::*/k"
    assert overlaps(loosen(bucket), "arn:aws:s3:::b*")
    assert token("a") != token("b")
