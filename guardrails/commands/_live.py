"""A plan over the account that it will change: what to look at, and what of it is the plan's doing."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardrails.commands import _shared as shared
from guardrails.model import LiveLocation, Origin
from guardrails.reporters import plural

if TYPE_CHECKING:
    from guardrails.finding import Finding, Report, Undecided
    from guardrails.model import Model

Live = Annotated[
    Path | None,
    typer.Option(
        "--live", metavar="FILE", help="A saved account to lay the plans over: what is there besides them counts, too."
    ),
]
LiveAccount = Annotated[
    str, typer.Option("--live-account", metavar="ID", help="Which account of FILE, where it holds several.")
]


def account_of(path: Path, wanted: str) -> Model:
    """The one account of a snapshot, or the one that is wanted; exits where there is none."""
    from guardrails.sources.document import Unusable  # noqa: PLC0415  # with the option alone
    from guardrails.sources.snapshot import read_snapshot  # noqa: PLC0415  # as above

    try:
        accounts = read_snapshot(path)
    except Unusable as error:
        shared.fail(f"--live {path}: {error}")
    found = [account for account in accounts if wanted in ("", account.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(account.name for account in accounts)
    if wanted:
        shared.fail(f"--live {path} does not hold {wanted}: it holds {names}")
    return shared.fail(f"--live {path} holds {len(accounts)} accounts: choose one with --live-account ({names})")


def laid_over(models: Iterable[Model], account: Model) -> list[Model]:
    """The account as each plan leaves it; exits for what does not say which live resources are its own."""
    from guardrails.sources.overlay import overlay  # noqa: PLC0415  # with the option alone

    whole = []
    for model in models:
        if model.kind not in ("plan", "state"):
            shared.fail(f"--live goes with plans and states: {model.name} is of neither kind ({model.kind})")
        whole.append(overlay(model, account))
    return whole


def take_out_former(report: Report, former: Report, account: str, path: Path | None, *, quiet: bool) -> None:
    """Take out of a report what was so of live resources before the plan, and say on stderr how much that is."""
    known = {_finding(each) for each in former.findings}
    kept = [each for each in report.findings if not _is_live(each.origin) or _finding(each) not in known]
    left = len(report.findings) - len(kept)
    report.findings = kept
    unclear = {_undecided(each) for each in former.undecided}
    report.undecided = [
        each for each in report.undecided if not _is_live(each.origin) or _undecided(each) not in unclear
    ]
    if left and not quiet:
        count = plural(left, "finding")
        print(f"guardrails: {count} of {account} stood before the plan: see `guardrails check {path}`", file=sys.stderr)


def before(models: Sequence[Model], account: Model) -> list[Model]:
    """What each picture was before its plan: the account itself where the source does not say."""
    return [account if model.before is None else model.before for model in models]


def _is_live(origin: Origin) -> bool:
    return isinstance(origin.location, LiveLocation)


def _finding(finding: Finding) -> Hashable:
    return finding.check, finding.severity, finding.origin.location, finding.path, finding.message, finding.details


def _undecided(undecided: Undecided) -> Hashable:
    return undecided.check, undecided.origin.location, undecided.reason
