"""Reading of modules from folders, each file once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from guardrails.model import Gap, Location, Problem
from guardrails.sources.terraform.module import Module
from guardrails.sources.terraform.source import Source
from guardrails.sources.terraform.syntax import ParsedFile, parse_file

FILE_BYTES = 4_000_000
"""A larger file is not read: the parser needs up to 180 times its size."""
JSON_BYTES = 20_000_000
"""The same for JSON, which programs write."""
_EXTENSIONS = (".tf", ".tofu", ".tf.json", ".tofu.json")


class Loader:
    """Reads folders of one tree; what it has read it keeps."""

    def __init__(self, fence: str, tree: str, unsaved: Mapping[str, str] | None = None) -> None:
        self.fence = fence
        """The real path of the folder that no module is read from outside of."""
        self.tree = tree
        """The scanned tree: the repository, else the folder that the user named. Functions read no other files."""
        self._unsaved = unsaved or {}
        self._modules: dict[str, Module] = {}
        self._cwd = os.getcwd()

    def shown(self, path: str | Path) -> str:
        """A path as people see it."""
        try:
            return os.path.relpath(path, self._cwd).replace(os.sep, "/")
        except ValueError:  # another drive of Windows
            return str(path)

    def inside(self, path: str) -> bool:
        """Whether a path, with its links followed, is in the tree."""
        real = os.path.realpath(path)
        return real == self.fence or real.startswith(self.fence.rstrip(os.sep) + os.sep)

    def text(self, path: str) -> str:
        """The text of a file of the tree. Raises `ValueError` with the reason why it cannot be read."""
        if not self.inside(path):
            raise ValueError("leads out of the scanned tree")
        return self.read(path)

    def read(self, path: str) -> str:
        """The text of any file, as it is in an editor or on the disk. Raises `ValueError` as `text` does."""
        text = self._unsaved.get(os.path.realpath(path)) if self._unsaved else None
        return read_text(path) if text is None else text.removeprefix("\ufeff")

    def module(self, directory: str) -> Module:
        """The module in a folder, by its real path."""
        module = self._modules.get(directory)
        if module is None:
            module = self._modules[directory] = self._read_module(directory)
        return module

    def _read_module(self, directory: str) -> Module:
        module = Module(Path(directory), self.shown(directory))
        new = (os.path.basename(path) for path in self._unsaved if os.path.dirname(path) == directory)
        names = sorted({*terraform_files(directory), *filter(is_terraform, new)})
        ordinary = [name for name in names if not _is_override(name)]
        for name in ordinary:
            if parsed := self.file(os.path.join(directory, name), module):
                module.add(parsed)
        for name in names:
            if name not in ordinary and (parsed := self.file(os.path.join(directory, name), module)):
                module.override(parsed)
        return module

    def file(self, path: str, module: Module) -> ParsedFile | None:
        """The structure of a file; None, with a problem of the module, if it cannot be read."""
        shown = self.shown(path)
        try:
            text = self.text(path)
        except ValueError as error:
            place = Location(shown, 1)
            module.files.append(shown)
            module.problems.append(Problem("read", f"{shown} {error}", place))
            module.gaps.append(Gap(f"{shown} could not be read", frozenset(), place))
            return None
        source = Source(shown, text, Path(path))
        if path.endswith(".json"):
            from guardrails.sources.terraform.syntax_json import parse_json_file  # noqa: PLC0415  # few have any

            return parse_json_file(source)
        return parse_file(source)


def read_text(path: str) -> str:
    """A file's text. Raises `ValueError` with the reason why it cannot be read."""
    most = JSON_BYTES if path.endswith(".json") else FILE_BYTES
    # Nothing is opened that could block: a pipe or a device is no configuration.
    try:
        if not os.path.isfile(path):
            raise ValueError("is not a regular file" if os.path.exists(path) else "does not exist")
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(data) > most:
        raise ValueError(f"is larger than {most // 1_000_000} MB")
    if b"\0" in data:
        raise ValueError("is a binary file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from None


def terraform_files(directory: str) -> list[str]:
    """The names of the files of a module, in Terraform's order."""
    try:
        with os.scandir(directory) as entries:
            names = sorted(entry.name for entry in entries if is_terraform(entry.name))
    except OSError:
        return []
    # OpenTofu takes `main.tofu` in place of `main.tf`.
    tofu = {name.replace(".tofu", ".tf") for name in names if name.endswith((".tofu", ".tofu.json"))}
    return [name for name in names if name not in tofu]


def is_terraform(name: str) -> bool:
    """Whether a file of this name is part of a module."""
    return name.endswith(_EXTENSIONS) and not name.startswith((".", "#")) and not name.endswith("~")


def _is_override(name: str) -> bool:
    stem = name.partition(".")[0]
    return stem == "override" or stem.endswith("_override")


def terraform_folders(directory: str) -> Iterator[str]:
    """The folders below one (itself included) that hold Terraform; hidden ones and links are not entered."""
    pending = [directory]
    while pending:
        folder = pending.pop()
        found = False
        below: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            below.append(entry.path)
                    elif not found and is_terraform(entry.name):
                        found = True
        except OSError:
            continue
        if found:
            yield folder
        pending += sorted(below, reverse=True)
