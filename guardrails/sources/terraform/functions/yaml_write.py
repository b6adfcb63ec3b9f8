"""YAML as Terraform writes it (go-cty-yaml): strings in double quotes, or literal where they have line breaks."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.model import Value
from guardrails.sources.terraform.functions.signature import Beyond, anything, function, table
from guardrails.sources.terraform.number import to_string

_WIDTH = 80
_LONGEST_KEY = 128
_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip  # a table reads best as one


def _is_printable(char: str) -> bool:
    code = ord(char)
    return (
        code == 0x0A or 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xD7FF or (0xE000 <= code <= 0xFFFD and code != 0xFEFF)
    )


def _quoted(text: str, column: int) -> str:
    pieces: list[str] = ['"']
    width = column + 1
    for at, char in enumerate(text):
        if char in _ESCAPES:
            piece = _ESCAPES[char]
        elif _is_printable(char):
            piece = char
        else:
            code = ord(char)
            piece = f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
        if char == " " and width > _WIDTH and 0 < at < len(text) - 1:
            raise Beyond("long strings, which YAML folds, are not computed")
        pieces.append(piece)
        width += len(piece)
    return "".join((*pieces, '"'))


def _is_literal(text: str) -> bool:
    plain = all(_is_printable(char) and char not in "\u2028\u2029" for char in text)
    return "\n" in text and plain and " \n" not in text and not text.endswith(" ")


def _literal(text: str, indent: int) -> Iterator[str]:
    chomping = "-" if not text.endswith("\n") else "+" if text == "\n" or text.endswith("\n\n") else ""
    hint = "2" if text[0] in " \n" else ""
    yield f"|{hint}{chomping}\n"
    body = text.removesuffix("\n") if text.endswith("\n") else text
    for line in body.split("\n"):
        yield f"{' ' * indent}{line}\n" if line else "\n"


def _key(text: str) -> str:
    if _is_literal(text) or len(text) > _LONGEST_KEY:
        raise Beyond("keys that YAML writes on a line of their own are not computed")
    return _quoted(text, -len(text) * 10)  # never folded


def _scalar(value: Value, column: int) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return to_string(value)
        case str():
            return _quoted(value, column)
        case _:
            return "[]" if isinstance(value, list) else "{}"


def _write(value: Value, indent: int, column: int, *, of_mapping: bool) -> Iterator[str]:
    """The value from where its first line goes on; every line ends with a line break."""
    if isinstance(value, str) and _is_literal(value):
        yield from _literal(value, indent)
    elif isinstance(value, list) and value:
        inner = indent - 2 if of_mapping else indent
        if of_mapping:
            yield "\n"
        for index, item in enumerate(value):
            yield f"{' ' * inner if index or of_mapping else ''}- "
            yield from _write(item, inner + 2, inner + 2, of_mapping=False)
    elif isinstance(value, dict) and value:
        if of_mapping:
            yield "\n"
        for index, key in enumerate(sorted(value)):
            item = value[key]
            name = f"{' ' * indent if index or of_mapping else ''}{_key(key)}:"
            yield name
            nested = isinstance(item, list | dict) and bool(item)
            yield "" if nested else " "
            yield from _write(item, indent + 2, indent + len(_key(key)) + 2, of_mapping=True)
    else:
        yield _scalar(value, column) + "\n"


@function("yamlencode", anything("value", nullable=True))
def _yamlencode(value: Value) -> Value:
    if isinstance(value, str) and _is_literal(value):
        return "".join(_literal(value, 2))
    text = "".join(_write(value, 0, 0, of_mapping=False))
    return text + "...\n" if value is None or isinstance(value, bool | int | float) else text


FUNCTIONS = table(_yamlencode)
