"""Which fixes can be made, and which of them survive when everything is evaluated again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails import engine
from guardrails.catalog import AnyCheck
from guardrails.finding import Finding, Kind, Report, Safety
from guardrails.fix.text import Change, by_file, overlap, put_in
from guardrails.fix.verify import disagreement
from guardrails.model import Model, Path, Resource, Sensitive, Symbolic, UnknownValue, Value, dotted
from guardrails.sources.terraform.edit import CannotEditError, Replacement, replacement
from guardrails.sources.terraform.loader import read_text
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS

ROUNDS = 8
"""How often what was put off, because another fix stood in its way, is tried again."""

Read = Callable[[Mapping[str, str]], list[Model]]
"""Reads the design with some files as they would be, by real path."""


class Applied(Struct, frozen=True):
    """A fix that holds."""

    finding: Finding
    replacements: tuple[Replacement, ...]


class Refused(Struct, frozen=True):
    """A finding that a person has to mend, and why."""

    finding: Finding
    reason: str


class Outcome(Struct):
    """What became of the findings that have a fix."""

    changes: list[Change] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    withdrawn: list[Refused] = field(default_factory=list)
    """Fixes that could be made and would have done harm."""
    manual: list[Refused] = field(default_factory=list)
    """Fixes that have no place to be made in."""
    unsafe: list[Finding] = field(default_factory=list)
    """Fixes that are made only if the user asks for unsafe ones, too."""


class _Group(Struct, frozen=True, eq=False):
    """Everything that the same replacements mend."""

    replacements: tuple[Replacement, ...]
    findings: tuple[tuple[str, Finding], ...]
    """With the name of the model that each is about."""


class _State(Struct):
    """The design under some texts: its models, and what every check says of each."""

    models: list[Model]
    findings: dict[tuple[str, str], Finding]
    """By model and fingerprint."""
    undecided: frozenset[tuple[str, str, str]]
    problems: frozenset[str]
    _values: dict[str, dict[str, dict[Path, object]]] = field(default_factory=dict)

    def values(self, model: Model) -> dict[str, dict[Path, object]]:
        """The leaves of every resource by address."""
        if model.name not in self._values:
            self._values[model.name] = {each.address: dict(_leaves(each)) for each in model.all()}
        return self._values[model.name]


def mend(
    read: Read,
    checks: Sequence[AnyCheck],
    settings: engine.Settings,
    *,
    unsafe: bool = False,
    progress: Callable[[str], None] | None = None,
    texts: Mapping[str, str] | None = None,
    only: frozenset[str] = frozenset(),
    within: Sequence[FilePath] = (),
) -> Outcome:
    """Find the fixes of the selected findings that change what is meant and nothing else, and open nothing new.

    `texts` stand for what is on the disk, by real path, and `read` must know them, too; `only` are the fingerprints of
    the findings to mend, all of them without any; `within` are the folders that may be edited, whose other users are
    all in view. Nothing is written. Raises `UnusableParserError` where the changes
    cannot be verified, and `SelectionError`.
    """
    session = _Session(
        read,
        checks,
        settings,
        unsafe=unsafe,
        progress=progress or (lambda _: None),
        texts=texts or {},
        only=only,
        within=[os.path.realpath(folder) for folder in within],
    )
    return session.run()


class _Session:
    def __init__(
        self,
        read: Read,
        checks: Sequence[AnyCheck],
        settings: engine.Settings,
        *,
        unsafe: bool,
        progress: Callable[[str], None],
        texts: Mapping[str, str],
        only: frozenset[str],
        within: Sequence[str],
    ) -> None:
        self._read = read
        self._only = only
        self._within = within
        self._checks = checks
        self._wanted = {each.id for each in engine.select([*checks, *CHECKS_OF_SUPPRESSIONS], settings)}
        # What a fix opens counts whatever the user selected, except what the user never wants to hear of.
        self._settings = replace(settings, select=(), kinds=frozenset())
        self._unsafe = unsafe
        self._progress = progress
        self._disk = dict(texts)
        self._texts: dict[str, str] = {}
        self._outcome = Outcome()
        self._shown: dict[str, str] = {}
        self._refused: set[tuple[str, str]] = set()

    def run(self) -> Outcome:
        """All rounds."""
        before = self._state(self._texts)
        for _ in range(ROUNDS):
            groups, later = self._groups(before)
            if not groups:
                break
            accepted = self._accept(groups, [], before)
            if accepted:
                self._texts = self._with(accepted)
                self._applied(accepted)
                before = self._state(self._texts)
            if not later and not accepted:
                break
        outcome = self._outcome
        outcome.changes = [
            Change(path, self._shown[path], self._disk[path], text)
            for path, text in sorted(self._texts.items())
            if text != self._disk[path]
        ]
        return outcome

    # -- what could be done

    def _groups(self, state: _State) -> tuple[list[_Group], bool]:
        """The fixes that can be made together, and whether others wait for them."""
        found: dict[tuple[Replacement, ...], list[tuple[str, Finding]]] = {}
        by_name = {model.name: model for model in state.models}
        for (name, fingerprint), finding in state.findings.items():
            fix = finding.fix
            if finding.check not in self._wanted or fix is None or (name, fingerprint) in self._refused:
                continue
            if self._only and fingerprint not in self._only:
                continue
            if not fix.edits or fix.safety is Safety.MANUAL or by_name[name].kind == "account":
                continue
            if fix.safety is Safety.UNSAFE and not self._unsafe:
                self._refused.add((name, fingerprint))
                self._outcome.unsafe.append(finding)
                continue
            try:
                places = tuple(self._places(by_name[name], finding))
            except CannotEditError as error:
                self._refused.add((name, fingerprint))
                self._outcome.manual.append(Refused(finding, str(error)))
                continue
            found.setdefault(places, []).append((name, finding))
        chosen: list[_Group] = []
        later = False
        for places, findings in found.items():
            taken = [other for group in chosen for other in group.replacements]
            if any(overlap(one, other) and one != other for one in places for other in taken):
                later = True
                continue
            chosen.append(_Group(places, tuple(findings)))
        return chosen, later

    def _places(self, model: Model, finding: Finding) -> Iterator[Replacement]:
        for edit in finding.fix.edits if finding.fix else ():
            resource = model.at(edit.address)
            if resource is None:
                raise CannotEditError(f"{edit.address} is not in view")
            found = replacement(resource, edit.path, edit.expression)
            if self._within and not any(_is_in(found.path, folder) for folder in self._within):
                raise CannotEditError(f"{found.shown} is not in what was asked for, and others may use it")
            yield found

    # -- what holds

    def _accept(self, groups: Sequence[_Group], base: Sequence[_Group], before: _State) -> list[_Group]:
        """The groups that hold beside those that do: by halves, so that few bad ones cost few evaluations."""
        reason = self._trouble([*base, *groups], before)
        if not reason:
            return list(groups)
        if len(groups) == 1:
            for name, finding in groups[0].findings:
                self._refused.add((name, finding.fingerprint))
                self._outcome.withdrawn.append(Refused(finding, reason))
            return []
        half = len(groups) // 2
        first = self._accept(groups[:half], base, before)
        return [*first, *self._accept(groups[half:], [*base, *first], before)]

    def _trouble(self, groups: Sequence[_Group], before: _State) -> str:
        """What is wrong with the design once these are put in, or nothing."""
        places = by_file(each for group in groups for each in group.replacements)
        texts = self._with(groups)
        for path, replacements in places.items():
            if wrong := disagreement(self._text(path), texts[path], replacements):
                return wrong
        after = self._state(texts)
        if new := sorted(after.problems - before.problems):
            return new[0]
        mended = {(name, finding.fingerprint) for group in groups for name, finding in group.findings}
        for key in after.findings.keys() & mended:
            return f"it does not mend {after.findings[key].check}"
        for key, finding in after.findings.items():
            if key not in before.findings and finding.kind is not Kind.COST:
                return f"it opens {finding.check} on {finding.resource}: {finding.message}"
        for check, resource, reason in sorted(after.undecided - before.undecided):
            return f"it leaves {check} undecided on {resource}: {reason}"
        return self._side_effect(groups, before, after)

    def _side_effect(self, groups: Sequence[_Group], before: _State, after: _State) -> str:
        """A value that changed and was not meant to, or nothing."""
        meant = {
            (name, edit.address, _bare(edit.path))
            for group in groups
            for name, finding in group.findings
            if finding.fix
            for edit in finding.fix.edits
        }
        was = {model.name: model for model in before.models}
        for model in after.models:
            old, new = before.values(was[model.name]), after.values(model)
            if gone := sorted(old.keys() ^ new.keys()):
                return f"it adds or removes {gone[0]}"
            for address, leaves in new.items():
                for path in sorted({*leaves, *old[address]}, key=str):
                    if leaves.get(path) == old[address].get(path):
                        continue
                    bare = _bare(path)
                    if not any((model.name, address, bare[:n]) in meant for n in range(1, len(bare) + 1)):
                        return f"it changes {address}.{dotted(path)}, too"
        return ""

    # -- texts

    def _text(self, path: str) -> str:
        if path in self._texts:
            return self._texts[path]
        if path not in self._disk:
            self._disk[path] = read_text(path)
        return self._disk[path]

    def _with(self, groups: Iterable[_Group]) -> dict[str, str]:
        places = by_file(each for group in groups for each in group.replacements)
        return {**self._texts, **{path: put_in(self._text(path), each) for path, each in places.items()}}

    def _applied(self, groups: Iterable[_Group]) -> None:
        for group in groups:
            for each in group.replacements:
                self._shown[each.path] = each.shown
            self._outcome.applied += (Applied(finding, group.replacements) for _, finding in group.findings)

    def _state(self, texts: Mapping[str, str]) -> _State:
        self._progress("evaluating")
        models = self._read(texts)
        reports = [(model, self._report(model)) for model in models]
        return _State(
            models,
            {(model.name, each.fingerprint): each for model, report in reports for each in report.findings},
            frozenset((each.check, each.resource, each.reason) for _, report in reports for each in report.undecided),
            frozenset(each.message for _, report in reports for each in report.problems),
        )

    def _report(self, model: Model) -> Report:
        return engine.run([model], self._checks, self._settings)


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _bare(path: Path) -> Path:
    return tuple(step for step in path if isinstance(step, str))


def _leaves(resource: Resource) -> Iterator[tuple[Path, object]]:
    for name in resource.values:
        yield from _walk(resource.raw(name), (name,), resource.address)
    yield ("count",), resource.conditional


def _walk(value: Value, path: Path, address: str) -> Iterator[tuple[Path, object]]:
    """The parts of a value that can be compared. What is absent is none of them, nor what the provider fills in."""
    match value:
        case None:
            return
        case Sensitive():
            yield from _walk(value.value, path, address)
        case Symbolic() | UnknownValue() if value.refs and {ref.address for ref in value.refs} == {address}:
            return
        case Symbolic():
            yield path, value.parts
        case UnknownValue():
            yield path, (value.reason, value.refs)
        case list():
            for index, item in enumerate(value):
                yield from _walk(item, (*path, index), address)
        case dict():
            for key, item in value.items():
                yield from _walk(item, (*path, key), address)
        case _:
            yield path, value
