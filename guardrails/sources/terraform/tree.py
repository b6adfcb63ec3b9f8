"""The modules that a root module calls, directly and through others: where each is, and which are not there."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping

import msgspec

from guardrails.model import Comment, Gap, Location, Problem
from guardrails.sources.terraform.loader import Loader, terraform_files
from guardrails.sources.terraform.module import Module, literal
from guardrails.sources.terraform.syntax import Block

DEPTH = 30
"""Module calls inside of each other."""
CALLS = 10_000
"""Different paths of module calls that one root module may have."""


class _Entry(msgspec.Struct):
    key: str = msgspec.field(name="Key", default="")
    directory: str = msgspec.field(name="Dir", default="")


class _Manifest(msgspec.Struct):
    modules: list[_Entry] = msgspec.field(name="Modules", default_factory=list)


class Child:
    """A module where it is called, with those that it calls in turn; a text says why one of these is not there."""

    __slots__ = ("children", "module", "types")

    def __init__(self, module: Module) -> None:
        self.module = module
        self.children: dict[str, Child | str] = {}
        self.types: frozenset[str] = frozenset(module.by_type)
        """The resource types in it and below it."""


class Tree:
    """The calls below one root module."""

    def __init__(self, loader: Loader, root: str) -> None:
        self.loader = loader
        self.root = root
        self.problems: list[Problem] = []
        self.gaps: list[Gap] = []
        self.comments: list[Comment] = []
        self.files: list[str] = []
        self._manifest: dict[str, str] | None = None
        self._known: dict[tuple[str, str], Child] = {}
        self._modules: dict[str, Module] = {}
        self.top = self._child(root, "", ())

    def modules(self) -> Iterator[Module]:
        """Every module of it once."""
        return iter(self._modules.values())

    def _child(self, directory: str, key: str, above: tuple[str, ...]) -> Child:
        # Without a manifest a folder's calls are the same wherever it is called from.
        known = directory, key if self._installed() else ""
        if known in self._known:
            return self._known[known]
        module = self.loader.module(directory)
        child = self._known[known] = Child(module)
        if directory not in self._modules:
            self._modules[directory] = module
            self.problems += module.problems
            self.gaps += module.gaps
            self.comments += module.comments
            self.files += module.files
        for name, block in module.calls.items():
            inner = self._called(name, block, directory, f"{key}.{name}" if key else name, (*above, directory))
            child.children[name] = inner
            if isinstance(inner, Child):
                child.types |= inner.types
            else:
                place = block.source.location(block.header)
                self.problems.append(Problem("read", inner, place))
                self.gaps.append(Gap(inner, frozenset(), place))
        return child

    def _called(self, name: str, block: Block, directory: str, key: str, above: tuple[str, ...]) -> Child | str:
        source = literal(block.body.attributes.get("source"))
        if not source:
            return f'module "{name}" has no source that is known'
        if source.startswith(("./", "../")) or source in (".", ".."):
            target = os.path.realpath(os.path.join(directory, source))
            missing = f'module "{name}": there is no module in {source}'
        else:
            installed = self._installed().get(key)
            if installed is None:
                return f'module "{name}" is not installed'
            target = os.path.realpath(os.path.join(self.root, installed))
            missing = f'module "{name}" is not installed'
        if not self.loader.inside(target):
            return f'module "{name}" is outside of the scanned tree'
        if target in above:
            return f'module "{name}" calls itself'
        if len(above) > DEPTH:
            return f'module "{name}" is nested more than {DEPTH} calls deep'
        if len(self._known) >= CALLS:
            return f'module "{name}": there are more than {CALLS} module calls'
        if not terraform_files(target):
            return missing
        return self._child(target, key, above)

    def _installed(self) -> Mapping[str, str]:
        """The folders of the installed modules by key, from Terraform's own manifest."""
        if self._manifest is None:
            path = os.path.join(self.root, ".terraform", "modules", "modules.json")
            self._manifest = {}
            if os.path.isfile(path):
                try:
                    manifest = msgspec.json.decode(self.loader.text(path), type=_Manifest)
                except ValueError as error:
                    shown = self.loader.shown(path)
                    self.problems.append(Problem("read", f"{shown} {error}", Location(shown, 1)))
                else:
                    self._manifest = {entry.key: posixpath.normpath(entry.directory) for entry in manifest.modules}
        return self._manifest
