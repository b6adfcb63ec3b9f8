"""What a change introduces: the findings now, less those of the state that the change started from."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from guardrails import workspace
from guardrails.commands import _shared as shared
from guardrails.finding import Finding, Report, Suppressed
from guardrails.model import LiveLocation
from guardrails.reporters.safe import visible

if TYPE_CHECKING:
    from guardrails.config import Loaded
    from guardrails.engine import Settings
    from guardrails.model import Model

DiffBase = Annotated[
    str | None,
    typer.Option(
        "--diff-base",
        metavar="REF",
        help="Tell only what is new since REF (its merge base with HEAD), by checking that state too.",
    ),
]


class Mapped:
    """Where the things of the working tree were in the earlier state."""

    def __init__(self, root: str, tree: str) -> None:
        self._root = root
        self._tree = tree
        self.folder = self.path(os.getcwd())
        """Of the working directory."""

    def path(self, path: str | Path) -> str:
        """The path in the earlier state of something of the repository; of anything else the same path."""
        whole, root = os.path.realpath(path), os.path.realpath(self._root)
        if not workspace.is_inside(whole, root):
            return whole
        return os.path.normpath(os.path.join(self._tree, os.path.relpath(whole, root)))

    def scanned(self, paths: Sequence[Path]) -> list[Path]:
        """The paths to scan that were there."""
        there = (Path(os.path.relpath(self.path(path), self.folder)) for path in paths)
        return [path for path in there if os.path.exists(os.path.join(self.folder, path))]

    def input(self, path: Path) -> Path:
        """A file of values: as it was; one that git does not keep, as it is."""
        before = Path(self.path(path))
        return before if before.exists() else Path(os.path.abspath(path))


@contextlib.contextmanager
def state_before(reference: str) -> Iterator[Mapped]:
    """Stand in the earlier state as long as the context lasts; exits for one that there is not."""
    from guardrails.history import HistoryError, state_before  # noqa: PLC0415  # with the option alone

    root = workspace.root()
    with contextlib.ExitStack() as stack:
        try:
            tree = stack.enter_context(state_before(reference, root))
        except HistoryError as error:
            shared.fail(f"--diff-base: {error}")
        except OSError as error:
            shared.fail(f"--diff-base: {error.strerror}")
        mapped = Mapped(root, tree)
        os.makedirs(mapped.folder, exist_ok=True)
        stack.enter_context(contextlib.chdir(mapped.folder))
        yield mapped


def settings_of(settings: Settings, loaded: Loaded | None, given: str | None) -> Settings:
    """The settings of now, with the suppressions and the baseline of then. Stand in the earlier state for it."""
    from guardrails import baseline, config  # noqa: PLC0415  # with the option alone

    before = loaded
    if given is None:
        # A configuration that cannot be read is for the change to mend: what it hides now is hidden then.
        with contextlib.suppress(config.ConfigError):
            before = config.load()
    path = shared.baseline_path(before, None)
    known = None
    with contextlib.suppress(baseline.BaselineError):
        known = baseline.load(path) if os.path.exists(path) else None
    return replace(
        settings,
        suppressions=shared.rules_of(before) if before else (),
        baseline=known,
        base=workspace.root(),
    )


def read(
    paths: Sequence[Path], variables: Iterable[str], var_files: Sequence[Path], source: Path | None
) -> list[Model]:
    """What was there. A variable that came later is no fault of then."""
    from guardrails.sources import InputError, ReadOptions, read  # noqa: PLC0415  # with the option alone

    given = {name.strip(): value for name, _, value in (text.partition("=") for text in variables)}
    try:
        return read(paths, ReadOptions(given, tuple(var_files), source))
    except InputError:
        return read(paths, ReadOptions({}, tuple(each for each in var_files if each.exists()), source))


def take_out(report: Report, before: Report, reference: str) -> None:
    """Leave in a report what the earlier one does not say; the rest is suppressed, with the reason."""
    known = Counter(_key(each) for each in before.findings)
    kept: list[Finding] = []
    for finding in report.findings:
        key = _key(finding)
        if known[key]:
            known[key] -= 1
            report.suppressed.append(Suppressed(finding, f"it is so since before {reference}"))
        else:
            kept.append(finding)
    report.findings = kept
    unclear = {(each.check, each.resource, each.reason) for each in before.undecided}
    report.undecided = [each for each in report.undecided if (each.check, each.resource, each.reason) not in unclear]
    if before.problems:
        first = before.problems[0]
        text = f"{first.location}: {first.message}" if first.location else first.message
        more = f" and {len(before.problems) - 1} more" if len(before.problems) > 1 else ""
        print(f"guardrails: what is old may be told as new: before {reference}, {visible(text)}{more}", file=sys.stderr)


def _key(finding: Finding) -> Hashable:
    """What makes a finding the same before and after: the fact with its value, not the line."""
    place = finding.origin.location
    return (
        finding.source,
        finding.engine,
        finding.check,
        finding.severity,
        place.region if isinstance(place, LiveLocation) else "",
        finding.resource,
        re.sub(r"\[\d+\]", "[]", finding.path),
        finding.message,
    )
