"""guardrails.toml, or [tool.guardrails] in pyproject.toml, as typed settings."""

from __future__ import annotations

import copy
import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from guardrails import workspace
from guardrails.check import Check
from guardrails.finding import Kind, Severity
from guardrails.profiles import Profile

Engine = Literal["checkov"]
"""A tool that can run beside the checks."""


class ConfigError(Exception):
    """A configuration that cannot be used; the text names the file, the line and the key."""


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[suppress]]` table: what it hides, why, and until when."""

    check: str
    """An id or a glob of ids."""
    reason: str
    """Why. Without one it has no effect."""
    address: str = "*"
    """A glob of resource addresses: `*` stands for any characters, brackets for themselves."""
    path: str = "*"
    """A folder, a file or a glob of files, relative to the configuration file."""
    until: date | None = None
    """The last day on which it holds."""


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[override]]` table: other settings for a part of the tree. The last one that covers a file wins."""

    path: str
    """A folder, a file or a glob of files, relative to the configuration file."""
    profile: Profile | None = None
    """How much to demand there."""
    ignore: tuple[str, ...] = ()
    """Checks not to run there, besides those that run nowhere."""
    severity: dict[str, Severity] = {}
    """Severities there, by id or glob of ids."""


class Checkov(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[checkov]` table: how to run it."""

    executable: str = ""
    """The program, relative to the file. Code: taken only from a file given with `--config`."""
    timeout: float = 600.0
    """Seconds that it may take."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Everything that a configuration file can say. The command line wins over it."""

    select: tuple[str, ...] = ()
    """Checks to run: ids, globs of ids, kinds or severities."""
    ignore: tuple[str, ...] = ()
    """Checks not to run, likewise."""
    kind: tuple[Kind, ...] = ()
    """Sides to look at: security, productivity, cost."""
    profile: Profile | None = None
    """How much to demand: regular (few, sure findings), strict (every check), audit (and what nobody knows)."""
    fail_on: Severity | None = None
    """The lowest severity that makes the exit code 1."""
    allow_incomplete: bool = False
    """Whether what could not be read or run leaves the exit code as it is."""
    checks: tuple[str, ...] = ()
    """Folders of further checks, relative to the file. Code: taken only from a file given with `--config`."""
    var_files: tuple[str, ...] = ()
    """Variable files for every root module, relative to the configuration file."""
    severity: dict[str, Severity] = {}
    """Severities by id or glob of ids."""
    unsuppressible: tuple[str, ...] = ()
    """Checks that cannot be suppressed, by id or glob of ids."""
    suppress: tuple[Suppression, ...] = ()
    override: tuple[Override, ...] = ()
    baseline: str = ""
    """The file of known findings, relative to this one; without it, `.guardrails-baseline.json` beside this one."""
    packs: tuple[str, ...] = ()
    """Policy packs: folders relative to the file, or names that installed packages give theirs."""
    engines: tuple[Engine, ...] = ()
    """Other tools to run beside the checks."""
    checkov: Checkov = Checkov()
    options: dict[str, dict[str, Any]] = {}
    """Options of checks: `[options.<id>]`. Their types are the checks' to say: see `configured`."""


class Loaded(Struct, frozen=True):
    """A configuration and where it came from."""

    config: Config
    path: str = ""
    """Relative to the working directory; empty where there is no file."""
    lines: tuple[int, ...] = ()
    """The line of each `[[suppress]]` table."""
    text: str = ""
    """The whole file."""
    prefix: tuple[str, ...] = ()
    """The table that is ours, in a file of others."""
    trusted: bool = False
    """Whether the user named the file: only then it may name code to run."""

    @property
    def folder(self) -> str:
        """The folder that its paths are relative to."""
        return os.path.dirname(self.path) or "."

    def path_of(self, path: str) -> str:
        """A path of the file, as seen from the working directory."""
        return os.path.normpath(os.path.join(self.folder, path))


def load(path: str | None = None) -> Loaded:
    """Read the configuration at `path`, or find one from the working directory up to the root of its git repository.

    Raises `ConfigError`.
    """
    if path is not None:
        return _read(path, trusted=True)
    found = workspace.find_config()
    return _read(found, trusted=False) if found else Loaded(Config())


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`pack.toml` of a policy pack: what a configuration that names the pack starts from."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    kind: tuple[Kind, ...] = ()
    profile: Profile | None = None
    fail_on: Severity | None = None
    severity: dict[str, Severity] = {}
    unsuppressible: tuple[str, ...] = ()
    options: dict[str, dict[str, Any]] = {}

    def under(self, config: Config) -> Config:
        """The configuration with what the pack says where it says nothing itself."""
        return msgspec.structs.replace(
            config,
            select=config.select or self.select,
            ignore=(*self.ignore, *config.ignore),
            kind=config.kind or self.kind,
            profile=config.profile or self.profile,
            fail_on=config.fail_on or self.fail_on,
            severity={**self.severity, **config.severity},
            unsuppressible=(*self.unsuppressible, *config.unsuppressible),
            options={
                name: {**self.options.get(name, {}), **config.options.get(name, {})}
                for name in (*self.options, *config.options)
            },
        )


def load_pack(path: str) -> Pack:
    """Read the `pack.toml` at a path. Raises `ConfigError`."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from None
    for key in content:
        if key not in _keys(Pack):
            raise _unknown_key(key, _keys(Pack), path, _line_of(text, (key,)))
    try:
        return msgspec.convert(content, Pack)
    except msgspec.ValidationError as error:
        raise _explained(error, path, text, ()) from None


def _read(path: str, *, trusted: bool) -> Loaded:
    path = path.replace(os.sep, "/")
    text = ""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        tables: Mapping[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise ConfigError(f"{path}:{at[1] if at else len(text.splitlines()) or 1}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path}: {reason}") from None
    prefix: tuple[str, ...] = ()
    content: object = tables
    if os.path.basename(path) == workspace.PYPROJECT:
        prefix = ("tool", "guardrails")
        tool = tables.get("tool")
        content = tool.get("guardrails", {}) if isinstance(tool, dict) else {}
    _refuse_unknown_keys(content, path, text, prefix)
    try:
        config = msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        raise _explained(error, path, text, prefix) from None
    lines = tuple(_line_of(text, (*prefix, "suppress", index)) for index in range(len(config.suppress)))
    loaded = Loaded(config, path, lines, trusted=trusted, text=text, prefix=prefix)
    if config.checks and not trusted:
        line = _line_of(text, (*prefix, "checks"))
        raise ConfigError(
            f"{path}:{line}: `checks` names code to run, and this file was found, not given: "
            f"say `--config {path}` or `--checks {loaded.path_of(config.checks[0])}` if you trust it"
        )
    if config.checkov.executable and not trusted:
        line = _line_of(text, (*prefix, "checkov", "executable"))
        raise ConfigError(
            f"{path}:{line}: `checkov.executable` names a program to run, and this file was found, not given: "
            f"say `--config {path}` if you trust it"
        )
    for key, names in (("var-files", config.var_files), ("baseline", (config.baseline,)), ("packs", config.packs)):
        if not trusted and any(os.path.normpath(name).startswith((os.pardir, "/")) for name in names):
            line = _line_of(text, (*prefix, key))
            raise ConfigError(f"{path}:{line}: `{key}` leaves the folder of a file that was found, not given")
    return loaded


def configured(loaded: Loaded, checks: Mapping[str, Check[Any]]) -> dict[str, Check[Any]]:
    """The checks with the options that a configuration gives them, by id.

    Raises `ConfigError` for a check or an option that there is not, and for a value of another type.
    """
    found = dict(checks)
    names = {name: check.id for check in checks.values() for name in (check.id, *check.aliases)}
    for name, values in loaded.config.options.items():
        where = (*loaded.prefix, "options", name)
        if name not in names:
            line = _line_of(loaded.text, where)
            close = difflib.get_close_matches(name, names, n=1)
            meant = f": did you mean `{close[0]}`?" if close else ""
            raise ConfigError(f"{loaded.path}:{line}: `options`: there is no check `{name}`{meant}")
        check = found[names[name]] = copy.copy(found[names[name]])
        types = {option.replace("_", "-"): option for option in check.options()}
        for key, value in values.items():
            line = _line_of(loaded.text, (*where, key))
            if key not in types:
                raise (
                    _unknown_key(key, list(types), loaded.path, line)
                    if types
                    else ConfigError(f"{loaded.path}:{line}: {check.id} has no options")
                )
            try:
                typed = msgspec.convert(value, check.options()[types[key]])
            except msgspec.ValidationError as error:
                raise ConfigError(f"{loaded.path}:{line}: `options.{name}.{key}`: {error}") from None
            if isinstance(typed, int | float) and typed < 0:
                raise ConfigError(f"{loaded.path}:{line}: `options.{name}.{key}`: {typed} is below zero")
            setattr(check, types[key], typed)
    return found


def _refuse_unknown_keys(content: object, path: str, text: str, prefix: tuple[str, ...]) -> None:
    known = _keys(Config)
    if not isinstance(content, dict):
        return
    for key in content:
        if key not in known:
            raise _unknown_key(key, known, path, _line_of(text, (*prefix, key)))
    for name, struct in (("suppress", Suppression), ("override", Override)):
        tables = content.get(name)
        for index, table in enumerate(tables if isinstance(tables, list) else ()):
            for key in table if isinstance(table, dict) else ():
                if key not in _keys(struct):
                    raise _unknown_key(key, _keys(struct), path, _line_of(text, (*prefix, name, index, key)))
    table = content.get("checkov")
    for key in table if isinstance(table, dict) else ():
        if key not in _keys(Checkov):
            raise _unknown_key(key, _keys(Checkov), path, _line_of(text, (*prefix, "checkov", key)))


def _keys(struct: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(struct)]


def _unknown_key(key: str, known: list[str], path: str, line: int) -> ConfigError:
    close = difflib.get_close_matches(key, known, n=1)
    meant = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}"
    return ConfigError(f"{path}:{line}: there is no key `{key}`: {meant}")


def _explained(error: msgspec.ValidationError, path: str, text: str, prefix: tuple[str, ...]) -> ConfigError:
    message, _, where = str(error).partition(" - at ")
    where = where.strip("`")
    if where == "$.severity[...]":
        table = tomllib.loads(text)
        for step in (*prefix, "severity"):
            table = table[step]
        bad = next(key for key, value in table.items() if value not in list(Severity))
        where = where.replace("[...]", f".{bad}")
    if message.startswith("Invalid enum value"):
        choice: Iterable[str] = Severity
        if where.startswith("$.kind"):
            choice = Kind
        elif where.endswith("profile"):
            choice = Profile
        elif where.startswith("$.engines"):
            choice = get_args(Engine)
        message += f": there are {', '.join(choice)}"
    steps: list[str | int] = []
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", where):
        if name:
            steps.append(name)
        elif index.isdigit():
            steps.append(int(index))
    line = _line_of(text, (*prefix, *steps))
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return ConfigError(f"{path}:{line}: {f'`{key}`: ' if key else ''}{message}")


_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def _line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line on which a key or table of a TOML text stands: the deepest part of the path that is found."""
    best, depth = 1, 0
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _names(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            here = table
        elif key := _KEY.match(line):
            here = (*table, *_names(key[1]))
        else:
            continue
        if len(here) > depth and here == path[: len(here)]:
            best, depth = number, len(here)
    return best


def _names(dotted: str) -> tuple[str | int, ...]:
    return tuple(part.strip("\"'") for part in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted))
