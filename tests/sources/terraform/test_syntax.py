"""The structure of files: blocks, attributes, comments, what is broken, and JSON; python-hcl2 as second opinion."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from guardrails.model import Location
from guardrails.sources.terraform.expression import Literal, Node, Object, Tuple
from guardrails.sources.terraform.scope import Names, Scope
from guardrails.sources.terraform.source import Source
from guardrails.sources.terraform.syntax import Body, ParsedFile, comments, parse_file
from guardrails.sources.terraform.syntax_json import parse_json_file

FIXTURES = Path(__file__).parents[3] / "fixtures"
FILES = sorted(path for path in FIXTURES.rglob("*.tf") if {".terraform", "broken"}.isdisjoint(path.parts))
ELSE = "an expression"


def parse(text: str) -> ParsedFile:
    """A file with this text."""
    return parse_file(Source("main.tf", text))


def ours(body: Body) -> dict[str, Any]:
    """A body as nested dictionaries: attributes with their literal values, blocks by type and labels."""
    found: dict[str, Any] = {name: literal(each.expression) for name, each in body.attributes.items()}
    for block in body.blocks:
        inner: Any = ours(block.body)
        for label in reversed(block.labels):
            inner = {label: inner}
        found.setdefault(block.type, []).append(inner)
    return found


def literal(node: Node) -> Any:
    """The value of a literal, `ELSE` for what has to be evaluated."""
    match node:
        case Literal(value=value):
            return value
        case Tuple(items=items):
            return [literal(item) for item in items]
        case Object(items=items):
            keys = [literal(key) for key, _ in items]
            return {str(key): literal(value) for key, (_, value) in zip(keys, items, strict=True)}
        case _:
            return ELSE


def theirs(value: Any) -> Any:
    """What python-hcl2 read, in the same form."""
    match value:
        case dict():
            return {theirs(key): theirs(item) for key, item in value.items() if key != "__is_block__"}
        case list():
            return [theirs(item) for item in value]
        case str() if re.fullmatch(r'"(?!<<)[^"$%\\]*"', value):
            return value[1:-1]
        case str() if value == "__is_block__" or re.fullmatch(r"[\w-]+", value):
            return value
        case str():
            return ELSE
        case _:
            return value


def same(mine: Any, other: Any) -> bool:
    """Whether two readings agree, where what one of them does not decode agrees with everything."""
    if ELSE in (mine if isinstance(mine, str) else "", other if isinstance(other, str) else ""):
        return True
    match mine, other:
        case dict(), dict():
            if any(key == ELSE for key in (*mine, *other)):
                return len(mine) == len(other)
            return mine.keys() == other.keys() and all(same(mine[key], other[key]) for key in mine)
        case list(), list():
            return len(mine) == len(other) and all(map(same, mine, other))
        case _:
            return str(mine) == str(other)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_python_hcl2_reads_the_same(path: Path) -> None:
    """Blocks, labels, attributes and literal values of every fixture are what the other library reads."""
    text = path.read_text()
    options = hcl2.SerializationOptions(with_comments=False)
    other = theirs(hcl2.loads(text if text.endswith("\n") else text + "\n", serialization_options=options))

    parsed = parse(text)

    assert not parsed.errors
    assert same(ours(parsed.body), other)


def test_spans_are_exact() -> None:
    """A block, its header and an attribute know their lines and columns, in characters."""
    parsed = parse('# é\nresource "aws_vpc" "é" {\n  tags = {\n    a = "é" }\n}\n')
    (block,) = parsed.body.blocks
    tags = block.body.attributes["tags"]

    assert block.labels == ("aws_vpc", "é")
    assert parsed.source.location(block.span) == Location("main.tf", 2, 1, 5, 2)
    assert parsed.source.location(block.header) == Location("main.tf", 2, 1, 2, 23)
    assert parsed.source.location(tags.span) == Location("main.tf", 3, 3, 4, 14)


def test_line_ends_of_windows_and_a_byte_order_mark_make_no_difference() -> None:
    """The same blocks are read."""
    parsed = parse("locals {\r\n  a = 1\r\n  b = [\r\n    2,\r\n  ]\r\n}\r\n")

    assert ours(parsed.body) == {"locals": [{"a": 1, "b": [2]}]}


def test_what_tree_sitter_rejects_and_terraform_does_not_is_read() -> None:
    """An exponent without a fraction is a number."""
    parsed = parse('locals {\n  a = 1e3\n}\nresource "a" "b" {}\n')

    assert not parsed.errors
    assert ours(parsed.body) == {"locals": [{"a": 1000}], "resource": [{"a": {"b": {}}}]}


def test_a_broken_block_is_told_and_the_others_are_kept() -> None:
    """The error has its place, the header of the block that is left out, and reading goes on with the next block."""
    parsed = parse(
        'resource "aws_vpc" "a" {\n  x = 1\n}\n\nresource "aws_vpc" "b" {\n  x = = 1\n  y = 2\n}\n\n'
        'resource "aws_vpc" "c" {\n  x = [1\n}\n\nresource "aws_vpc" "d" {\n  x = 1\n}\n'
    )

    assert [block.labels[1] for block in parsed.body.blocks] == ["a", "d"]
    assert [(e.header, parsed.source.position(e.span[0])) for e in parsed.errors] == [
        (("resource", "aws_vpc", "b"), (6, 7)),
        (("resource", "aws_vpc", "c"), (12, 1)),
    ]


def test_many_errors_are_cut_short() -> None:
    """A file of garbage gives a bounded number of errors."""
    assert len(parse("a {\n b\n}\n" * 1000).errors) == 51


COMMENTED = """\
# guardrails: ignore[block]
# and another line
resource "a" "b" {
  x = 1 # guardrails: ignore[trailing]
  # guardrails: ignore[attribute]
  y = [
    # guardrails: ignore[element]
    "p",
    "q", // guardrails: ignore[inner]
  ]
  nested { # guardrails: ignore[nested]
    z = "# guardrails: no comment"
  }
} /* guardrails: ignore[end] */
/* guardrails: ignore[module] */
module "m" {
  source = "./m"
}
# guardrails: ignore[nothing]
"""


def test_comments_stand_for_what_they_are_written_at() -> None:
    """A comment of its own line stands for the next item or line, one behind something for that."""
    found = {each.text[19:-1]: each.applies_to for each in comments(parse(COMMENTED))}

    assert {name: (place.line, place.end_line) for name, place in found.items()} == {
        "block": (3, 14),
        "trailing": (4, 4),
        "attribute": (6, 10),
        "element": (8, 8),
        "inner": (9, 9),
        "nested": (11, 13),
        "end": (14, 14),
        "module": (16, 18),
        "nothing": (19, 19),
    }


def test_json_gives_the_same_structure() -> None:
    """Labels nest, lists of objects are several blocks, strings are templates, and `//` is a comment."""
    text = json.dumps(
        {
            "//": "a comment",
            "locals": [{"a": 1}, {"b": "x${1 + 1}"}],
            "resource": {
                "aws_vpc": {
                    "v": {
                        "cidr_block": "10.0.0.0/8",
                        "dynamic": {"timeouts": [{"for_each": ["1"], "content": {"create": "1m"}}]},
                    },
                    "w": [{"tags": {'${upper("a")}': None}}],
                }
            },
        }
    )
    parsed = parse_json_file(Source("main.tf.json", text))
    names = {block.labels: block for block in parsed.body.blocks}
    first, second = (block for block in parsed.body.blocks if block.type == "locals")

    assert not parsed.errors
    assert first.body.attributes["a"].expression.evaluate(Scope(Names())) == 1
    assert second.body.attributes["b"].expression.evaluate(Scope(Names())) == "x2"
    assert ours(names["aws_vpc", "v"].body) == {
        "cidr_block": "10.0.0.0/8",
        "dynamic": [{"timeouts": {"for_each": ["1"], "content": [{"create": "1m"}]}}],
    }
    assert list(names["aws_vpc", "w"].body.attributes) == ["tags"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"resource": ', "a JSON value is expected here"),
        ("[" * 100_000, "nested more than 100 levels deep"),
        ('{"a" 1}', "':' is expected here"),
        ("{} x", "the document should end here"),
        ('{"a": 1}', 'there is no block "a"'),
    ],
)
def test_broken_json_is_told(text: str, message: str) -> None:
    """What is no JSON, or no block of Terraform, is an error with a place."""
    (error,) = parse_json_file(Source("main.tf.json", text)).errors

    assert error.message == message
