"""Strings with holes, sensitive values and JSON with holes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.model import (
    Ref,
    Sensitive,
    SensitiveString,
    Symbolic,
    Unknown,
    UnknownValue,
    Value,
    decode_json,
    refs_of,
    reveal,
)

BUCKET = Ref("aws_s3_bucket.logs", "id")
NOT_SET = UnknownValue("var.name has no value")


def test_a_symbolic_string_shows_its_holes() -> None:
    """The text names the attribute that is not known yet."""
    assert str.__str__(Symbolic("arn:aws:s3:::", BUCKET, "/*")) == "arn:aws:s3:::${aws_s3_bucket.logs.id}/*"


def test_literals_melt_together() -> None:
    """Joining symbolic strings joins their neighbouring literals."""
    assert Symbolic("a", "b", Symbolic("c", BUCKET), "").parts == ("abc", BUCKET)


def test_a_whole_reference_is_known_as_one() -> None:
    """A string that is one attribute gives it as `ref`; a longer one does not."""
    assert Symbolic(BUCKET).ref == BUCKET
    assert Symbolic("x", BUCKET).ref is None


@pytest.mark.parametrize("other", ["arn:aws:s3:::x", "arn:aws:s3:::"])
def test_comparing_with_a_possible_value_is_unknown(other: str) -> None:
    """`==` raises where filling the holes could make both equal."""
    with pytest.raises(Unknown, match=r"known after apply: aws_s3_bucket\.logs\.id"):
        _ = Symbolic("arn:aws:s3:::", BUCKET) == other


@pytest.mark.parametrize("other", ["", "arn:aws:sqs", "arn:aws:s3"])
def test_comparing_with_an_impossible_value_is_false(other: str) -> None:
    """`==` is False where no filling makes both equal."""
    assert (Symbolic("arn:aws:s3:::", BUCKET) == other) is False


def test_attributes_of_different_resources_differ() -> None:
    """Two references are the same value only if they name the same attribute."""
    assert Symbolic(BUCKET) == Symbolic(BUCKET)
    assert Symbolic(BUCKET) != Symbolic(Ref("aws_s3_bucket.data", "id"))


def test_membership_of_an_unknown_string_is_unknown() -> None:
    """`in` never takes "not known" for "not in"."""
    with pytest.raises(Unknown):
        _ = Symbolic(NOT_SET) in ["public-read", "private"]


def test_a_prefix_that_is_known_is_decided() -> None:
    """startswith answers from the known lead, and raises where a hole decides."""
    name = Symbolic("arn:aws:s3:::", BUCKET)
    assert name.startswith("arn:aws:")
    assert not name.startswith("arn:aws-cn:")
    with pytest.raises(Unknown):
        name.startswith("arn:aws:s3:::logs")


def test_a_suffix_that_is_known_is_decided() -> None:
    """endswith answers from the known tail, and raises where a hole decides."""
    name = Symbolic(BUCKET, "/*")
    assert name.endswith("*")
    assert not name.endswith("/logs")
    with pytest.raises(Unknown):
        name.endswith("logs/*")


@settings(deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["a", "ab", "b", None]), max_size=5), st.text(alphabet="ab", max_size=6))
def test_may_equal_is_a_glob_match(pieces: list[str | None], text: str) -> None:
    """A string with holes may equal exactly the texts that the glob with `*` for each hole matches."""
    pattern = "".join(".*" if p is None else re.escape(p) for p in pieces)
    symbolic = Symbolic(*(BUCKET if p is None else p for p in pieces))

    assert symbolic.may_equal(text) == bool(re.fullmatch(pattern, text))


def test_a_sensitive_string_compares_and_does_not_print() -> None:
    """Checks can compare a secret; messages show a mask."""
    secret = reveal(Sensitive("hunter2"))
    assert isinstance(secret, SensitiveString)
    assert secret == "hunter2"
    assert f"{secret} {secret!r} {secret:>3}" == "(sensitive value) (sensitive value) (sensitive value)"


def test_elements_of_a_sensitive_list_are_sensitive() -> None:
    """The mark goes down into collections."""
    assert reveal(Sensitive(["a"])) == [Sensitive("a")]


def test_references_are_found_at_any_depth() -> None:
    """Lists, objects, marks and strings are looked through."""
    value: dict[str, Value] = {"a": [Sensitive(Symbolic(BUCKET))], "b": UnknownValue("x", (Ref("aws_vpc.a", "id"),))}
    assert list(refs_of(value)) == [BUCKET, Ref("aws_vpc.a", "id")]


def test_json_keeps_holes_inside_strings() -> None:
    """A hole in a JSON string is a hole of the decoded string."""
    assert decode_json(Symbolic('{"Resource": "', BUCKET, '/*"}')) == {"Resource": Symbolic(BUCKET, "/*")}


def test_json_keeps_holes_that_are_whole_values() -> None:
    """A hole outside of quotes is an unknown value with its reason."""
    assert decode_json(Symbolic('{"Action": ', NOT_SET, "}")) == {"Action": NOT_SET}


def test_json_quotes_are_seen_through_escapes() -> None:
    """An escaped quote does not end a string."""
    assert decode_json(Symbolic('["\\"', BUCKET, '"]')) == [Symbolic('"', BUCKET)]


def test_json_of_nothing_known_is_unknown() -> None:
    """A text that is one hole is not decoded."""
    with pytest.raises(Unknown, match=r"var\.name has no value"):
        decode_json(Symbolic(NOT_SET))


def test_json_that_is_broken_says_where() -> None:
    """A syntax error has a line and a column, holes or not."""
    with pytest.raises(ValueError, match="line 2 column 1"):
        decode_json(Symbolic('{"a": "', BUCKET, '",\n}'))
