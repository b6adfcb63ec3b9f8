"""Finds checks: every file of a folder is one, the built-in folder exactly as a user's own."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from msgspec import Struct, field

from guardrails.check import Check
from guardrails.finding import Kind, Severity
from guardrails.model import Location, Problem

AnyCheck = Check[Any]
"""A check of whatever subject: the engine finds the subjects that fit it."""

ENTRY_POINTS = "guardrails.checks"
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Catalog(Struct, frozen=True):
    """The checks that were found, by id, and what could not be loaded."""

    checks: Mapping[str, AnyCheck]
    """In the order of their ids."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """The file of each check, by id."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Former ids and the ids of today."""
    problems: Sequence[Problem] = ()

    def find(self, name: str) -> AnyCheck | None:
        """The check with this id or former id."""
        return self.checks.get(self.aliases.get(name, name))

    def area(self, check: str) -> str:
        """The folder that a check's file is in: `network`, `access`, ..."""
        return os.path.basename(os.path.dirname(self.paths.get(check, "")))


def builtin_folder() -> str:
    """Where our own checks are: in the package of a wheel, beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, "checks")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "checks")


def load(folders: Iterable[str] = (), *, builtin: bool = True, installed: bool = True) -> Catalog:
    """Load the built-in checks, those of installed packages (entry points `guardrails.checks`) and of `folders`.

    Never raises for a file that does not load: it is a problem of the catalog.
    """
    checks: dict[str, AnyCheck] = {}
    paths: dict[str, str] = {}
    problems: list[Problem] = []
    seen: set[str] = set()
    wanted = [builtin_folder()] if builtin else []
    if installed:
        wanted += _installed_folders(problems)
    wanted += folders
    for number, folder in enumerate(wanted):
        if not os.path.isdir(folder):
            problems.append(Problem("check", f"there is no folder of checks at {folder}"))
            continue
        for path, real in _files(folder):
            if real in seen:
                continue  # a folder in a folder, or one given twice
            seen.add(real)
            relative = path[len(os.path.join(folder, "")) :]
            name = f"guardrails_checks_{number}.{relative.removesuffix('.py').replace(os.sep, '.')}"
            for check in _load_file(path, name, problems):
                if check.id in checks:
                    first = _shown(paths[check.id])
                    problems.append(Problem("check", f"{check.id} is in {first} too", Location(_shown(path), 1)))
                    continue
                checks[check.id] = check
                paths[check.id] = path
    checks = dict(sorted(checks.items()))
    return Catalog(checks, paths, _aliases(checks, paths, problems), problems)


def load_files(files: Iterable[str]) -> Catalog:
    """Load single files of checks."""
    checks: dict[str, AnyCheck] = {}
    paths: dict[str, str] = {}
    problems: list[Problem] = []
    for number, path in enumerate(files):
        stem = os.path.basename(path).removesuffix(".py")
        for check in _load_file(path, f"guardrails_check_files_{number}.{stem}", problems):
            checks[check.id] = check
            paths[check.id] = path
    return Catalog(checks, paths, _aliases(checks, paths, problems), problems)


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """The paths of a folder's files of checks, each with the one that links and dots lead to."""
    for root, folders, files in os.walk(folder):
        real = os.path.realpath(root)
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith((".", "_", "test_")) and name != "conftest.py":
                path = os.path.join(root, name)
                yield path, os.path.realpath(path) if os.path.islink(path) else os.path.join(real, name)


def _load_file(path: str, name: str, problems: list[Problem]) -> Iterator[AnyCheck]:
    """The checks that a file defines, each with what the engine needs."""
    try:
        module = _execute(path, name)
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Check) and value.__module__ == name
        ]
        concrete = [each for each in classes if not each.__name__.startswith("_")]
        if not concrete:
            problems.append(Problem("check", "this file defines no check", Location(_shown(path), 1)))
        for each in concrete:
            if fault := _fault(each):
                problems.append(Problem("check", f"{each.__name__} {fault}", Location(_shown(path), 1)))
            else:
                yield each()
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        message = f"this check does not load: {type(error).__name__}: {error}"
        problems.append(Problem("check", message, Location(_shown(path), _line(error, path))))


def _execute(path: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and typing look the module up by its name while it executes
    spec.loader.exec_module(module)
    return module


def _fault(check: type[AnyCheck]) -> str:
    """What a class lacks to be a check."""
    # Attributes are read from outside files, whatever their annotations promise.
    found: dict[str, object] = {name: getattr(check, name, None) for name in ("id", "kind", "severity", "hint")}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        return f"does not say its {' and its '.join(missing)}"
    if not isinstance(found["id"], str) or not _ID.fullmatch(found["id"]):
        return f"has the id {found['id']!r}, which is not in kebab-case"
    if not isinstance(found["kind"], Kind):
        return "has a kind that is not a Kind"
    if not isinstance(found["severity"], Severity):
        return "has a severity that is not a Severity"
    if check.check is Check.check:
        return "has no method `check`"
    if not isinstance(getattr(check, "subject", None), type):
        return "does not say what it looks at: subclass Check[Resource] or another subject"
    return ""


def _aliases(checks: Mapping[str, AnyCheck], paths: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for check in checks.values():
        for alias in check.aliases:
            other = alias if alias in checks else aliases.get(alias)
            if other:
                where = Location(_shown(paths[check.id]), 1)
                problems.append(Problem("check", f"{check.id} was called {alias}, which is a name of {other}", where))
            else:
                aliases[alias] = check.id
    return aliases


def _line(error: BaseException, path: str) -> int:
    """The line of the check file that an error comes from."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return (lines[-1] if lines else 1) or 1


def _installed_folders(problems: list[Problem]) -> list[str]:
    """The folders that installed packages offer, the package's own folder for each entry point."""
    if not _offers_checks():
        return []
    from importlib.metadata import entry_points  # noqa: PLC0415  # 25 ms that most installations need not pay

    folders = []
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda each: each.name):
        try:
            spec = importlib.util.find_spec(entry.value)
        except (ImportError, ValueError) as error:
            problems.append(Problem("check", f"the checks of {entry.name} are not there: {error}"))
            continue
        places = list(spec.submodule_search_locations or ()) if spec else []
        if places:
            folders.append(places[0])
        else:
            problems.append(Problem("check", f"the checks of {entry.name} are not there: {entry.value} is no package"))
    return folders


def _offers_checks() -> bool:
    """Whether any installed package mentions our entry points: a cheap look before the expensive one."""
    mark = f"[{ENTRY_POINTS}]".encode()
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                try:
                    with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:
                        if mark in file.read():
                            return True
                except OSError:
                    continue
    return False


def _shown(path: str) -> str:
    """A path as the user would write it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative.replace(os.sep, "/")
