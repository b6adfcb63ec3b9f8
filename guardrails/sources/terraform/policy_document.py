"""`data "aws_iam_policy_document"`, computed as the provider does (5.x, internal/service/iam/policy_model.go).

What is not known stays a hole of the JSON text, so that `guardrails.model.decode_json` still reads the rest.
Statements that may or may not be there (an unknown source document, a `dynamic` block over an unknown list) are one
hole in the list of statements, which stands for any number of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from guardrails.model import Part, Sensitive, Symbolic, Unknown, UnknownValue, Value, decode_json
from guardrails.sources.terraform.functions.encoding_json import escape
from guardrails.sources.terraform.types import EvaluationError, convert, unknown, unmark

_SETS = ("set", "string")
_LISTS = ("list", "string")
_STATEMENT = (
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition",
)  # fmt: skip  # the order in which they are written
_OLD = "2008-10-17"

Statement = dict[str, Value]


class _Document(Struct):
    version: Value = ""
    id: Value = ""
    statements: list[Statement | UnknownValue] = field(default_factory=list)
    unknown: UnknownValue | None = None
    """Set for a document of which nothing is known."""

    def merge(self, other: _Document) -> None:
        """Take over another document: its statements replace those with the same Sid."""
        if other.unknown:
            self._merge_unknown(other.unknown)
            return
        if other.id:
            self.id = other.id
        if isinstance(self.version, str) and isinstance(other.version, str):
            self.version = max(self.version, other.version, key=_text)
        else:
            self.version = other.version if isinstance(other.version, UnknownValue) else self.version
        for statement in other.statements:
            at = self._position(statement)
            if at is None:
                self.statements.append(statement)
            else:
                self.statements[at] = statement

    def _position(self, statement: Statement | UnknownValue) -> int | None:
        if isinstance(statement, UnknownValue) or not statement.get("Sid"):
            return None
        sid = statement["Sid"]
        for index, existing in enumerate(self.statements):
            if isinstance(existing, dict) and existing.get("Sid") and _text(existing["Sid"]) == _text(sid):
                return index
        return None

    def _merge_unknown(self, reason: UnknownValue) -> None:
        # It may replace any statement that has a Sid.
        kept: list[Statement | UnknownValue] = [
            each for each in self.statements if isinstance(each, UnknownValue) or not each.get("Sid")
        ]
        lost = [each for each in self.statements if isinstance(each, dict) and each.get("Sid")]
        refs = unknown(reason, *lost)
        self.statements = [*kept, UnknownValue(reason.reason, refs.refs if refs else reason.refs, many=True)]


def policy_document(config: Mapping[str, Value], *, minified: bool = False) -> Value:
    """The `json` (or `minified_json`) attribute, from the arguments with blocks as lists of objects.

    The result is a string, `Symbolic` where parts are not known, and `Sensitive` where an argument is. Raises
    `EvaluationError` for what the provider refuses.
    """
    bare: dict[str, Value] = {}
    secret = False
    for name in (
        "version", "policy_id", "statement", "source_policy_documents", "override_policy_documents", "source_json",
        "override_json",
    ):  # fmt: skip  # the arguments that the provider reads
        bare[name], marked = unmark(config.get(name))
        secret = secret or marked
    document = _Document()
    for name in ("source_json", "override_json"):
        if bare[name]:
            raise EvaluationError(f'expected "{name}" to be an empty string')
    for source in _sources(bare["source_policy_documents"], "source"):
        _check_sids(document, source)
        document.merge(source)
    document.merge(_own(bare))
    for override in _sources(bare["override_policy_documents"], "override"):
        document.merge(override)
    text = _encode(_tree(document), minified=minified)
    return Sensitive(text) if secret else text


def document_id(json: Value) -> Value:
    """The `id` attribute: a checksum of the `json` one."""
    if isinstance(json, Sensitive):
        return Sensitive(document_id(json.value))
    if isinstance(json, str) and not isinstance(json, Symbolic):
        return str(zlib.crc32(json.encode()))
    return unknown(json)


def _text(value: Value) -> str:
    return str.__str__(value) if isinstance(value, str) else ""


# The arguments


def _own(config: Mapping[str, Value]) -> _Document:
    version = _string(config.get("version")) or "2012-10-17"
    if isinstance(version, str) and not isinstance(version, Symbolic) and version not in {"2012-10-17", _OLD}:
        raise EvaluationError(f'expected version to be one of ["{_OLD}" "2012-10-17"], got {version}')
    document = _Document(version, _string(config.get("policy_id")) or "")
    sids: set[str] = set()
    for block in _blocks(config.get("statement")):
        if isinstance(block, UnknownValue):
            document.statements.append(UnknownValue(block.reason, block.refs, many=True))
            continue
        statement = _statement(block, version == _OLD if not isinstance(version, Symbolic) else False)
        sid = _text(statement.get("Sid"))
        if sid and sid in sids and not isinstance(statement.get("Sid"), Symbolic):
            raise EvaluationError(
                f"writing IAM Policy Document: duplicate Sid ({sid}). Remove the Sid or ensure the Sid is unique."
            )
        sids.add(sid)
        document.statements.append(statement)
    return document


def _blocks(value: Value) -> list[dict[str, Value] | UnknownValue]:
    """Nested blocks of a name."""
    found: list[dict[str, Value] | UnknownValue] = []
    match value:
        case None:
            return found
        case UnknownValue() | Symbolic():
            return [unknown(value) or UnknownValue("not known")]
        case list():
            for each in value:
                if isinstance(each, dict):
                    found.append(each)
                elif each is not None:
                    found.append(unknown(each) or UnknownValue("is not a block"))
            return found
        case dict():
            return [value]
        case _:
            raise EvaluationError("an object is required")


def _string(value: Value) -> Value:
    return convert(value, "string")


def _as_text(value: Value) -> Value:
    """What is certainly a string, though nothing else may be known of it."""
    return Symbolic(value) if isinstance(value, UnknownValue) and not value.many else value


def _statement(block: Mapping[str, Value], old: bool) -> Statement:
    sid, effect = _string(block.get("sid")), _string(block.get("effect"))
    if isinstance(sid, str) and not isinstance(sid, Symbolic) and not re.match(r"[a-zA-Z0-9]*\Z", sid):
        raise EvaluationError("invalid value for sid (must only include alphanumeric characters)")
    if isinstance(effect, str) and not isinstance(effect, Symbolic) and effect not in {"Allow", "Deny"}:
        raise EvaluationError(f'expected effect to be one of ["Allow" "Deny"], got {effect}')

    def variables(value: Value) -> Value:
        return _replaced(value, old)

    made: Statement = {"Sid": _as_text(sid) or None, "Effect": _as_text(effect) if effect is not None else "Allow"}
    for name, key in (("actions", "Action"), ("not_actions", "NotAction")):
        made[key] = _collapsed(block.get(name), lambda value: value)
    for name, key in (("resources", "Resource"), ("not_resources", "NotResource")):
        made[key] = _collapsed(block.get(name), variables)
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        made[key] = _principals(block.get(name), variables)
    made["Condition"] = _conditions(block.get("condition"), variables)
    return {key: made[key] for key in _STATEMENT if made[key] is not None}


def _replaced(value: Value, old: bool) -> Value:
    """`&{aws:username}` is written for AWS's own `${aws:username}`."""
    if not isinstance(value, str):
        return value
    if old and "&{" in _text(value):
        raise EvaluationError(f"found &{{ sequence in ({value!s}), which is not supported in document version {_OLD}")
    if isinstance(value, Symbolic):
        return Symbolic(*(part.replace("&{", "${") if isinstance(part, str) else part for part in value.parts))
    return value.replace("&{", "${")


def _backwards(values: Iterable[Value]) -> list[Value]:
    return sorted(values, key=_text, reverse=True)


def _collapsed(value: Value, change: Callable[[Value], Value]) -> Value:
    """A set of strings: None if there is none, one as it is, several in reverse order."""
    values = convert(value, _SETS)
    if not isinstance(values, list):
        return values
    texts = [change(_as_text(each)) for each in _backwards(values) if each is not None]
    if not texts:
        return None
    return texts[0] if len(texts) == 1 and not isinstance(texts[0], UnknownValue) else texts


def _set_key(*parts: str) -> str:
    """What the provider's sets of blocks are ordered by: their checksums as decimal texts."""
    return str(zlib.crc32("".join(parts).encode()))


def _principals(value: Value, change: Callable[[Value], Value]) -> Value:
    blocks = _blocks(value)
    if not blocks:
        return None
    found: dict[str, tuple[Value, Value]] = {}
    for block in blocks:
        if isinstance(block, UnknownValue):
            return _hole(blocks)
        type_, identifiers = _string(block.get("type")), convert(block.get("identifiers"), _SETS)
        if not isinstance(type_, str):
            return _hole(blocks)
        texts = [_text(each) for each in identifiers] if isinstance(identifiers, list) else []
        inner = "".join(f"{each};" for each in sorted(texts, key=lambda each: _set_key(f"{each};")))
        found[_set_key("identifiers:{", inner, "};type:", _text(type_), ";")] = (type_, identifiers)
    if len(found) == 1:
        [(type_, identifiers)] = found.values()
        if _text(type_) == "*" and isinstance(identifiers, list) and [_text(each) for each in identifiers] == ["*"]:
            return "*"
    merged: dict[str, Value] = {}
    for key in sorted(found):
        type_, identifiers = found[key]
        name = _text(type_)
        merged[name] = _joined(merged.get(name), _collapsed(identifiers, change))
    return {name: merged[name] if merged[name] is not None else [] for name in sorted(merged)}


def _hole(values: Iterable[Value]) -> Value:
    return unknown(*values) or UnknownValue("not known")


def _joined(first: Value, second: Value) -> Value:
    """The identifiers of two blocks with one type."""
    if first is None or second is None:
        return second if first is None else first
    joined: list[Value] = []
    for value in (first, second):
        match value:
            case list():
                joined += value
            case UnknownValue():
                joined.append(UnknownValue(value.reason, value.refs, many=True))
            case _:
                joined.append(value)
    return joined


def _conditions(value: Value, change: Callable[[Value], Value]) -> Value:
    blocks = _blocks(value)
    if not blocks:
        return None
    found: dict[str, tuple[Value, Value, Value]] = {}
    for block in blocks:
        if isinstance(block, UnknownValue):
            return _hole(blocks)
        test, variable = _as_text(_string(block.get("test"))), _as_text(_string(block.get("variable")))
        values = convert(block.get("values"), _LISTS)
        if isinstance(values, list):
            values = [_as_text(each) for each in values if each is not None]
        inner = "".join(f"{_text(each)};" for each in values) if isinstance(values, list) else ""
        key = _set_key("test:", _text(test), ";values:(", inner, ");variable:", _text(variable), ";")
        found[key] = (test, variable, values)
    merged: dict[str, dict[str, tuple[Value, list[Value]]]] = {}
    names: dict[str, Value] = {}
    for key in sorted(found):
        test, variable, values = found[key]
        names[_text(test)] = test
        _, taken = merged.setdefault(_text(test), {}).setdefault(_text(variable), (variable, []))
        if isinstance(values, list):
            taken += [change(each) for each in values]
        else:
            taken += _as_many(values)
    made: dict[str, Value] = {}
    for test_text, inner_values in sorted(merged.items()):
        made[_key(names[test_text])] = {
            _key(variable): _flattened(values) for _, (variable, values) in sorted(inner_values.items())
        }
    return made


def _key(name: Value) -> str:
    return name if isinstance(name, str) else ""


def _as_many(value: Value) -> list[Value]:
    held = unknown(value, many=True)
    return [held] if held else []


def _flattened(values: list[Value]) -> Value:
    if len(values) == 1 and not isinstance(values[0], UnknownValue):
        return values[0]
    if len(values) == 1 and isinstance(values[0], UnknownValue):
        return UnknownValue(values[0].reason, values[0].refs)
    return [*values]


# Source and override documents


def _sources(value: Value, kind: str) -> list[_Document]:
    values = convert(value, _LISTS)
    if values is None:
        return []
    if not isinstance(values, list):
        return [_Document(unknown=unknown(values))]
    return [_read(each, f"{kind} document {index}") for index, each in enumerate(values) if each is not None]


def _check_sids(document: _Document, source: _Document) -> None:
    taken = {_text(each.get("Sid")) for each in document.statements if isinstance(each, dict)}
    for index, statement in enumerate(source.statements):
        sid = statement.get("Sid") if isinstance(statement, dict) else None
        if isinstance(sid, str) and not isinstance(sid, Symbolic) and sid:
            if sid in taken:
                raise EvaluationError(
                    f"writing IAM Policy Document: merging source document: duplicate Sid ({sid}) in "
                    f"source_policy_documents (statement {index}). Remove the Sid or ensure Sids are unique."
                )
            taken.add(sid)


def _read(text: Value, what: str) -> _Document:
    refusal = EvaluationError(f"writing IAM Policy Document: merging {what}: it is not a policy document")
    if isinstance(text, UnknownValue) or not isinstance(text, str):
        return _Document(unknown=unknown(text) or UnknownValue("not known"))
    try:
        decoded = decode_json(text)
    except Unknown:
        return _Document(unknown=unknown(text))
    except ValueError:
        # Holes outside of strings may be anything: a template that is not known as a whole.
        if isinstance(text, Symbolic):
            return _Document(unknown=unknown(text))
        raise refusal from None
    if isinstance(decoded, UnknownValue):
        return _Document(unknown=decoded)
    if not isinstance(decoded, dict):
        raise refusal
    fields = _fields(decoded, ("Version", "Id", "Statement"))
    document = _Document(fields.get("Version") or "", fields.get("Id") or "")
    statements = fields.get("Statement")
    if isinstance(statements, UnknownValue):
        statements = [UnknownValue(statements.reason, statements.refs, many=True)]
    if statements is None:
        return document
    if not isinstance(statements, list):
        raise EvaluationError(
            f"writing IAM Policy Document: merging {what}: json: cannot unmarshal object into Go struct field "
            ".Statement of type []*iam.IAMPolicyStatement"
        )
    for each in statements:
        if isinstance(each, UnknownValue):
            document.statements.append(UnknownValue(each.reason, each.refs, many=True))
        elif isinstance(each, dict):
            document.statements.append(_read_statement(each, refusal))
        else:
            raise refusal
    return document


def _fields(decoded: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    """Go's decoder finds fields without regard to case, and leaves the others."""
    by_lower = {name.lower(): name for name in names}
    found: dict[str, Value] = {}
    for key, value in decoded.items():
        name = by_lower.get(key.lower())
        if name:
            found[name] = value
    return found


def _read_statement(decoded: Mapping[str, Value], refusal: EvaluationError) -> Statement:
    fields = _fields(decoded, _STATEMENT)
    made: Statement = {}
    for key in _STATEMENT:
        value = fields.get(key)
        match key:
            case "Sid" | "Effect":
                if value is not None and not isinstance(value, str | UnknownValue):
                    raise refusal
                made[key] = value or None
            case "Principal" | "NotPrincipal":
                made[key] = _read_principals(value, refusal)
            case "Condition":
                made[key] = _read_conditions(value, refusal)
            case _:
                made[key] = value
    return {key: value for key, value in made.items() if value is not None}


def _read_principals(value: Value, refusal: EvaluationError) -> Value:
    match value:
        case None | UnknownValue():
            return value
        case str():
            return "*" if not isinstance(value, Symbolic) else UnknownValue(value.reason, value.refs)
        case dict():
            for each in value.values():
                if not isinstance(each, str | list | UnknownValue):
                    raise refusal
            if list(value) == ["*"] and _is_star(value["*"]):
                return "*"
            return {
                name: _backwards(each) if isinstance(each := value[name], list) else each for name in sorted(value)
            } or None
        case _:
            raise refusal


def _is_star(value: Value) -> bool:
    only = value[0] if isinstance(value, list) and len(value) == 1 else value
    return _text(only) == "*"


def _read_conditions(value: Value, refusal: EvaluationError) -> Value:
    if value is None or isinstance(value, UnknownValue):
        return value
    if not isinstance(value, dict):
        raise refusal
    made: dict[str, Value] = {}
    for test in sorted(value):
        inner = value[test]
        if isinstance(inner, UnknownValue):
            made[test] = inner
            continue
        if not isinstance(inner, dict):
            raise refusal
        # The provider leaves numbers out, and with them the condition.
        kept = {name: _read_values(inner[name], refusal) for name in sorted(inner)}
        kept = {name: each for name, each in kept.items() if each is not None}
        if kept:
            made[test] = kept
    return made or None


def _read_values(value: Value, refusal: EvaluationError) -> Value:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            if not all(isinstance(each, str | UnknownValue) for each in value):
                raise refusal
            return value[0] if len(value) == 1 and isinstance(value[0], str) else value
        case str() | UnknownValue():
            return value
        case _:
            return None


# The text


def _tree(document: _Document) -> dict[str, Value]:
    tree: dict[str, Value] = {}
    if document.version:
        tree["Version"] = _as_text(document.version)
    if document.id:
        tree["Id"] = _as_text(document.id)
    if document.statements:
        tree["Statement"] = [*document.statements]
    return tree


def _encode(value: Value, *, minified: bool) -> Value:
    parts: list[Part] = []
    _write(value, parts, "" if minified else "\n", minified=minified)
    made = Symbolic(*parts)
    return made if any(not isinstance(part, str) for part in made.parts) else str.__str__(made)


def _write(value: Value, parts: list[Part], line: str, *, minified: bool) -> None:
    """Write JSON; `line` is the line break with the indentation, empty for the minified form."""
    inner = line and line + "  "
    match value:
        case str():
            parts.extend(_quoted(value))
        case UnknownValue():
            parts.append(value)
        case list():
            if not value:
                parts.append("[]")
                return
            for index, each in enumerate(value):
                parts.append(("," if index else "[") + inner)
                _write(each, parts, inner, minified=minified)
            parts.append(line + "]")
        case dict():
            if not value:
                parts.append("{}")
                return
            for index, (key, each) in enumerate(value.items()):
                parts.append(("," if index else "{") + inner)
                parts.extend(_quoted(key))
                parts.append(":" if minified else ": ")
                _write(each, parts, inner, minified=minified)
            parts.append(line + "}")
        case None:
            parts.append("null")
        case bool():
            parts.append("true" if value else "false")
        case _:
            parts.append(str(value))


def _quoted(text: str) -> list[Part]:
    if isinstance(text, Symbolic):
        return ['"', *(escape(part) if isinstance(part, str) else part for part in text.parts), '"']
    return [f'"{escape(text)}"']
