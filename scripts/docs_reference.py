"""What the documentation takes from the code: the configuration and its schema, commands, the manual page."""

from __future__ import annotations

import ast
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

import msgspec
import typer

import guardrails
from guardrails import cli, config
from guardrails.reporters.json import ReportV1

SCHEMA_URL = "https://raw.githubusercontent.com/guardrails-aws/guardrails/main/docs/guardrails.schema.json"

# -- configuration


def _described(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The strings under the fields of a class, by field."""
    (tree,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = inspect.cleandoc(str(node.value.value))
            name = ""
        else:
            name = ""
    return found


def _tables() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """The tables of a configuration file with their headers, the file itself first."""
    yield "", config.Config
    for each in msgspec.structs.fields(config.Config):
        for struct in (each.type, *typing.get_args(each.type)):
            if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
                many = typing.get_origin(each.type) is tuple
                yield f"[[{each.encode_name}]]" if many else f"[{each.encode_name}]", struct


def configuration() -> str:
    """The reference of the configuration file, as Markdown."""
    lines: list[str] = []
    for header, struct in _tables():
        described = _described(struct)
        lines += ["## Keys" if not header else f"## `{header}`", ""]
        if header:
            lines += [" ".join((inspect.getdoc(struct) or "").split()), ""]
        lines += ["| key | value | without it | |", "| --- | --- | --- | --- |"]
        for each in msgspec.structs.fields(struct):
            text = " ".join(described.get(each.name, "").split())
            default = "" if each.required else _default(each)
            kind = _kind(each.type)
            if not text and kind.startswith("table"):
                text = f"See `{_header(each.encode_name)}`."
            lines.append(f"| `{each.encode_name}` | {kind} | {default} | {text.replace('|', chr(92) + '|')} |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _header(name: str) -> str:
    return next((header for header, _ in _tables() if header.strip("[]") == name), name)


def _default(each: msgspec.structs.FieldInfo) -> str:
    value = each.default if each.default is not msgspec.NODEFAULT else each.default_factory()
    if value is None or value in ("", (), {}) or isinstance(value, msgspec.Struct):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{json.dumps(value)}`" if isinstance(value, str) else f"`{value:g}`"


def _kind(type_: Any) -> str:
    """A type in words."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is tuple:
        inner = arguments[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return "tables"
        return f"list of {_kind(inner)}" if _choices(inner) else "list of strings"
    if origin is dict:
        return "tables" if typing.get_origin(arguments[1]) is dict else f"table of {_kind(arguments[1])}"
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_kind(each) for each in arguments if each is not type(None))
    if choices := _choices(type_):
        *first, last = (f"`{each}`" for each in choices)
        return f"{', '.join(first)} or {last}" if first else last
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return "table"
    return {str: "string", bool: "`true` or `false`", float: "number", date: "date"}[type_]


def _choices(type_: Any) -> list[str]:
    if typing.get_origin(type_) is typing.Literal:
        return [str(each) for each in typing.get_args(type_)]
    if isinstance(type_, type) and issubclass(type_, Enum):
        return [str(each.value) for each in type_]
    return []


def schema() -> str:
    """The JSON schema of the configuration file."""
    made = msgspec.json.schema(config.Config)
    definitions = made["$defs"]
    for _, struct in _tables():
        definition = definitions[struct.__name__]
        definition["description"] = " ".join((inspect.getdoc(struct) or "").split())
        described = _described(struct)
        for each in msgspec.structs.fields(struct):
            if text := described.get(each.name):
                definition["properties"][each.encode_name]["description"] = " ".join(text.split())
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_URL,
        **definitions.pop("Config"),
        "title": "guardrails.toml",
        "$defs": definitions,
    }
    return json.dumps(document, indent=2) + "\n"


# -- the report

REPORT_URL = "https://raw.githubusercontent.com/guardrails-aws/guardrails/main/docs/report.schema.json"


def report_schema() -> str:
    """The JSON schema of `--format json`, version 1. Fields may be added to it."""
    structs: dict[str, dict[str, Any]] = {}
    top = _schema_of(ReportV1, structs)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": REPORT_URL,
        "title": "guardrails check --format json, version 1",
        **top,
        "$defs": structs,
    }
    return json.dumps(document, indent=2) + "\n"


def _schema_of(type_: Any, structs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The schema of a type; those of structs are kept by name. msgspec makes none of structs that are told by shape."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is list:
        return {"type": "array", "items": _schema_of(arguments[0], structs)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1], structs)}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_schema_of(each, structs) for each in arguments if each is not msgspec.UnsetType]}
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        if type_.__name__ not in structs:
            made = structs[type_.__name__] = {"description": " ".join((inspect.getdoc(type_) or "").split())}
            fields = msgspec.structs.fields(type_)
            made |= {
                "type": "object",
                "properties": {each.encode_name: _schema_of(each.type, structs) for each in fields},
                "required": [each.encode_name for each in fields if each.required],
            }
            if not fields:
                made["maxProperties"] = 0
        return {"$ref": f"#/$defs/{type_.__name__}"}
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return {"type": names[type_]}


# -- commands


@dataclass(frozen=True, slots=True)
class Option:
    """An option or an argument of a command."""

    names: tuple[str, ...]
    value: str
    """What it takes, such as `FILE`; empty for a flag."""
    help: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the command line."""

    name: str
    """With the program's: `guardrails baseline write`."""
    help: str
    arguments: tuple[Option, ...] = ()
    options: tuple[Option, ...] = ()
    children: tuple[Command, ...] = field(default=())

    @property
    def usage(self) -> str:
        """How to write it."""
        last = [*(each.names[0] for each in self.arguments), *(["COMMAND"] if self.children else [])]
        return " ".join([self.name, *(["[OPTIONS]"] if self.options else []), *last])

    def all(self) -> Iterator[Command]:
        """Itself and everything below."""
        yield self
        for child in self.children:
            yield from child.all()


def program() -> Command:
    """The whole command line."""
    return _command(typer.main.get_command(cli.application(())), "guardrails")


def _command(command: Any, name: str) -> Command:
    arguments: list[Option] = []
    options: list[Option] = []
    for each in command.params:
        if getattr(each, "hidden", False):
            continue
        made = _option(each)
        (options if each.param_type_name == "option" else arguments).append(made)
    children = [_command(child, f"{name} {key}") for key, child in sorted(getattr(command, "commands", {}).items())]
    return Command(name, inspect.cleandoc(command.help or ""), tuple(arguments), tuple(options), tuple(children))


def _option(each: Any) -> Option:
    choices = getattr(each.type, "choices", ())
    values = "|".join(str(getattr(choice, "value", choice)) for choice in choices)
    default = each.show_default if isinstance(each.show_default, str) else ""
    if each.param_type_name == "argument":
        name = each.metavar or values or each.name.upper()
        shown = f"{name}..." if each.nargs == -1 else name
        return Option((shown if each.required else f"[{shown}]",), "", each.help or "", default)
    value = "" if getattr(each, "is_flag", False) else each.metavar or values or each.type.name.upper()
    return Option(tuple(each.opts), value, each.help or "", default)


def commands() -> str:
    """The reference of the command line, as Markdown."""
    lines: list[str] = []
    for command in program().all():
        lines += [f"## `{command.name}`", "", f"```\n{command.usage}\n```", "", command.help, ""]
        if command.children:
            lines += [", ".join(f"[`{each.name}`](#{slug(each.name)})" for each in command.children) + ".", ""]
        if command.arguments or command.options:
            lines += ["| | | |", "| --- | --- | --- |"]
            for each in (*command.arguments, *command.options):
                names = ", ".join(f"`{name}`" for name in each.names)
                value = f"`{_cell(each.value)}`" if each.value else ""
                lines.append(f"| {names} | {value} | {_cell(_explained(each))} |")
            lines.append("")
    return "\n".join(lines)


def _explained(option: Option) -> str:
    return " ".join(option.help.split()) + (f" (Default: {option.default})" if option.default else "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def slug(text: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


# -- the manual page


def manual() -> str:
    """The manual page, for `man`: https://man7.org/linux/man-pages/man7/man.7.html."""
    top = program()
    first, _, rest = top.help.partition("\n")
    lines = [
        f'.TH GUARDRAILS 1 "" "guardrails {guardrails.__version__}" "User Commands"',
        ".SH NAME",
        f"guardrails \\- {_roff(first.rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B guardrails",
        "[OPTIONS] COMMAND [ARGS]...",
        ".SH DESCRIPTION",
        *_paragraphs(rest),
        ".SH OPTIONS",
        *_listed(top.options),
        ".SH COMMANDS",
    ]
    for command in list(top.all())[1:]:
        lines += [f".SS {_roff(command.usage)}", *_paragraphs(command.help)]
        lines += _listed((*command.arguments, *command.options))
    lines += [".SH SEE ALSO", ".BR terraform (1)", ""]
    return "\n".join(lines)


def _listed(options: Sequence[Option]) -> Iterator[str]:
    for each in options:
        yield ".TP"
        value = f" \\fI{_roff(each.value)}\\fR" if each.value else ""
        yield ", ".join(f"\\fB{_roff(name)}\\fR" for name in each.names) + value
        yield _roff(_explained(each))


def _paragraphs(text: str) -> Iterator[str]:
    for part in text.strip().split("\n\n"):
        yield ".PP"
        yield _roff(" ".join(part.split()))


def _roff(text: str) -> str:
    """Text that stands for itself."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return f"\\&{text}" if text.startswith((".", "'")) else text
