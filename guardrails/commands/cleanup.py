"""`guardrails cleanup`: removes what an account pays for and does not use."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardrails import engine
from guardrails.commands import _shared as shared
from guardrails.commands._progress import Progress
from guardrails.finding import Kind
from guardrails.reporters.safe import visible

if TYPE_CHECKING:
    from guardrails.cleanup.apply import Clients
    from guardrails.cleanup.plan import Plan
    from guardrails.model import Model
    from guardrails.sources.aws.session import Access

_ACCOUNT = re.compile(r"\d{12}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cleanup)


def cleanup(
    target: Annotated[
        str, typer.Argument(metavar="ACCOUNT|FILE", help="The id of an account to read, or a saved account.")
    ],
    *,
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="Write the plan as a shell script to review and run."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove what the plan names, once you have typed the account's id.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="Where --apply writes what it does.",
            show_default="guardrails-cleanup-ACCOUNT.jsonl",
        ),
    ] = None,
    state: Annotated[
        list[Path] | None,
        typer.Option(
            "--state", metavar="FILE", help="A Terraform state: what it manages is left to its configuration."
        ),
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="A profile of your AWS configuration.")] = "",
    role_arn: Annotated[str, typer.Option("--role-arn", metavar="ARN", help="A role to assume first.")] = "",
    external_id: Annotated[str, typer.Option("--external-id", help="What that role's trust policy asks for.")] = "",
    region: Annotated[
        list[str] | None, typer.Option("--region", help="A region to read.", show_default="every enabled one")
    ] = None,
    select: shared.Select = None,
    ignore: shared.Ignore = None,
    config: shared.ConfigFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not tell the progress.")] = False,
) -> None:
    """Plan the removal of what an account pays for and does not use; nothing is changed without --apply.

    The plan holds what the waste checks found to be removable and nothing else, in the order in which nothing is
    removed that something left still uses. What CloudFormation, EKS, Auto Scaling or a Terraform state manages is for
    these to remove.

    With --apply each precondition is read from AWS once more right before each change, disks and instances are saved
    first, and every call is in a journal before it is made. Exit codes: 0 done, 1 something was left alone, 2 usage
    error, 4 the account could not be read as a whole (what is not known is left alone).
    """
    from guardrails.account import read_at  # noqa: PLC0415  # not for --version
    from guardrails.cleanup import text  # noqa: PLC0415  # loads botocore
    from guardrails.cleanup.plan import make  # noqa: PLC0415  # the same
    from guardrails.sources.aws.session import Access  # noqa: PLC0415  # the same

    access = Access(profile, role_arn, external_id)
    loaded = shared.load_config(config)
    catalog = shared.load_checks(loaded, None)
    settings = shared.settings_of(loaded, [], select, ignore, [Kind.COST])
    with Progress(quiet=quiet) as progress:
        model = _account(target, access, tuple(dict.fromkeys(region or ())), progress)
        _know(model, state or ())
        try:
            report = engine.run(
                [model], list(catalog.checks.values()), settings, problems=catalog.problems, progress=progress
            )
        except engine.SelectionError as error:
            shared.fail(str(error))
    plan = make(model, report, catalog.checks)
    read = read_at(model)
    shared.put(text.plan_text(plan, read))
    incomplete = shared.say_problems(report.problems)
    if script:
        _write(script, text.script(plan, read))
    left = _apply(plan, access, journal) if apply and plan.items else False
    if not apply and not script and plan.items:
        print("guardrails: nothing was changed: --script FILE writes a script, --apply removes", file=sys.stderr)
    if left:
        raise typer.Exit(shared.FINDINGS)
    raise typer.Exit(shared.INCOMPLETE if incomplete else shared.CLEAN)


def _account(target: str, access: Access, regions: Sequence[str], progress: Progress) -> Model:
    """The account to clean up; exits where there is none of that name."""
    if Path(target).is_file():
        from guardrails.sources.document import Unusable  # noqa: PLC0415  # for a file alone
        from guardrails.sources.snapshot import read_snapshot  # noqa: PLC0415  # the same

        try:
            accounts = read_snapshot(Path(target))
        except Unusable as error:
            shared.fail(f"{target}: {error}")
        if len(accounts) != 1:
            shared.fail(f"{target} holds {len(accounts)} accounts: clean them up one by one")
        account = accounts[0]
    elif _ACCOUNT.fullmatch(target):
        progress("asking AWS who we are")
        _caller(access, target)
        account = _live(access, regions, progress)
    else:
        shared.fail(f"{target} is neither a file nor the id of an account (12 digits)")
    if not _ACCOUNT.fullmatch(account.name):
        shared.fail(f"{target} is of {account.name!r}, which is not the id of an account (12 digits)")
    return account


def _caller(access: Access, account: str) -> Clients:
    """Clients with the given credentials; exits where these are not of the account."""
    from guardrails.cleanup.apply import clients_of  # noqa: PLC0415  # loads botocore
    from guardrails.sources.aws.audit import NoAccessError  # noqa: PLC0415  # the same

    try:
        clients, found = clients_of(access)
    except NoAccessError as error:
        shared.fail(str(error))
    if found != account:
        shared.fail(f"these are credentials of the account {found}, not of {account}: nothing was changed")
    return clients


def _live(access: Access, regions: Sequence[str], progress: Progress) -> Model:
    from guardrails.sources.aws.audit import NoAccessError, Options, collect  # noqa: PLC0415  # loads botocore
    from guardrails.sources.aws.audit import Progress as Step  # noqa: PLC0415  # the same
    from guardrails.sources.aws.executor import executor_for  # noqa: PLC0415  # the same

    def told(step: Step) -> None:
        progress(f"{step.account}: {step.done} of {step.total}, {step.calls} calls, {step.unit}")

    try:
        with executor_for("threads") as executor:
            return next(iter(collect(Options(access, regions=tuple(regions)), executor, told)))
    except NoAccessError as error:
        shared.fail(str(error))


def _know(account: Model, states: Sequence[Path]) -> None:
    """Tell the account's model what Terraform manages."""
    from guardrails.account.manager import know_state, managed_by  # noqa: PLC0415  # not for --version

    managed: dict[str, str] = {}
    for model in shared.read_models(states, [], [], None) if states else ():
        if model.kind not in ("state", "plan") or model.incomplete():
            shared.fail(f"{model.name} is not a Terraform state or plan that can be read")
        managed |= managed_by(model)
    know_state(account, managed)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)
    except OSError as error:
        shared.fail(f"cannot write {path}: {error.strerror or error}")


def _apply(plan: Plan, access: Access, where: Path | None) -> bool:
    """Remove, once the account's id was typed; whether something was left alone."""
    from guardrails.cleanup.apply import apply  # noqa: PLC0415  # with --apply alone
    from guardrails.cleanup.journal import Journal  # noqa: PLC0415  # the same
    from guardrails.cleanup.text import things  # noqa: PLC0415  # the same

    print(f"Type the account's id to remove {things(plan)}: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != plan.account:
        shared.fail("that is not the account's id: nothing was changed")
    clients = _caller(access, plan.account)
    left = False
    path = where or Path(f"guardrails-cleanup-{plan.account}.jsonl")
    try:
        with Journal(path) as journal:
            for result in apply(plan, clients, journal):
                left |= result.outcome != "removed"
                why = f": {result.reason}" if result.reason else ""
                shared.put(
                    f"{result.item.number}. {visible(f'{result.item.resource.address}: {result.outcome}{why}')}\n"
                )
    except OSError as error:
        shared.fail(f"cannot write {path}: {error.strerror or error}: nothing further was done")
    return left
