"""The values of a root module's variables: from the environment, tfvars files and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guardrails.model import Location, Problem
from guardrails.sources.terraform.constraint import constraint
from guardrails.sources.terraform.expression import Literal, Node, ParseError
from guardrails.sources.terraform.instance import Argument
from guardrails.sources.terraform.loader import Loader
from guardrails.sources.terraform.module import Module
from guardrails.sources.terraform.parser import parse_expression
from guardrails.sources.terraform.scope import Names, Scope
from guardrails.sources.terraform.source import Source
from guardrails.sources.terraform.syntax import Attribute, Block, ParsedFile, parse_file
from guardrails.sources.terraform.types import EvaluationError

if TYPE_CHECKING:
    from guardrails.sources import ReadOptions

_NOWHERE = Scope(Names())


class Inputs:
    """Reads the values that the user gives, the files among them once."""

    def __init__(self, loader: Loader, options: ReadOptions, environment: Mapping[str, str]) -> None:
        self._loader = loader
        self._options = options
        self._environment = {
            name.removeprefix("TF_VAR_"): value for name, value in environment.items() if name.startswith("TF_VAR_")
        }
        self._files: dict[str, ParsedFile | Problem] = {}

    def arguments(self, module: Module, problems: list[Problem], files: list[str]) -> dict[str, Argument]:
        """The given values by variable, the strongest of each, in Terraform's order of precedence."""
        given: dict[str, Argument] = {}
        for name, text in self._environment.items():
            if name in module.variables:
                given[name] = _from_text(name, text, module.variables[name], "the environment", problems)
        folder = str(module.directory)
        found_by_itself = [(path, self._loader.text) for path in automatic(folder)]
        for path, reader in (*found_by_itself, *((str(path), self._loader.read) for path in self._options.var_files)):
            found = self._file(path, reader)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            files.append(found.source.shown)
            problems += [Problem("parse", each.message, found.source.location(each.span)) for each in found.errors]
            for name, attribute in found.body.attributes.items():
                given[name] = Argument(attribute=attribute, scope=_NOWHERE)
        for name, text in self._options.variables.items():
            if name in module.variables:
                given[name] = _from_text(name, text, module.variables[name], "the command line", problems)
        for name, value in self._options.values.items():
            given[name] = Argument(value)
        return given

    def _file(self, path: str, reader: Callable[[str], str]) -> ParsedFile | Problem:
        if path not in self._files:
            shown = self._loader.shown(path)
            try:
                source = Source(shown, reader(path), Path(path))
            except ValueError as error:
                self._files[path] = Problem("read", f"{shown} {error}", Location(shown, 1))
            else:
                self._files[path] = _parse(source, json=path.endswith(".json"))
        return self._files[path]


def _parse(source: Source, *, json: bool) -> ParsedFile:
    if not json:
        return parse_file(source)
    from guardrails.sources.terraform.syntax_json import parse_json_values  # noqa: PLC0415  # few have any

    return parse_json_values(source)


def automatic(folder: str) -> Sequence[str]:
    """The tfvars files that Terraform loads by itself, the stronger ones later."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ()
    chosen = [name for name in names if name in ("terraform.tfvars", "terraform.tfvars.json")]
    chosen += [name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json"))]
    return [os.path.join(folder, name) for name in chosen]


def _from_text(name: str, text: str, block: Block, place: str, problems: list[Problem]) -> Argument:
    """A value given as text: a string for a variable of a primitive type, else an expression."""
    type_ = block.body.attributes.get("type")
    try:
        whole = type_ is None or (isinstance(constraint(type_.expression), str) and _is_primitive(type_))
    except EvaluationError:
        whole = True
    node: Node = Literal(0, len(text), text)
    if not whole:
        try:
            node = parse_expression(text)
        except ParseError as error:
            problems.append(Problem("parse", f"the value of {name} from {place}: {error}"))
    source = Source("", text)
    return Argument(attribute=Attribute(name, source, 0, len(text), 0, node), scope=_NOWHERE)


def _is_primitive(type_: Attribute) -> bool:
    return constraint(type_.expression) in ("string", "number", "bool")
