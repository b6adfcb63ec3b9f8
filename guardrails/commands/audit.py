"""`guardrails audit`: the findings of live accounts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from guardrails import engine, explain, workspace
from guardrails.commands import _shared as shared
from guardrails.commands import check as checking
from guardrails.commands._progress import Progress
from guardrails.finding import Report
from guardrails.model import Model
from guardrails.overview import Overview, overview
from guardrails.reporters import Context, Format
from guardrails.reporters.source import Sources
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS

if TYPE_CHECKING:
    from guardrails.sources.aws.audit import Options
    from guardrails.sources.aws.audit import Progress as Step


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(audit)


def audit(
    *,
    profile: Annotated[str, typer.Option("--profile", help="A profile of your AWS configuration.")] = "",
    role_arn: Annotated[str, typer.Option("--role-arn", metavar="ARN", help="A role to assume first.")] = "",
    external_id: Annotated[str, typer.Option("--external-id", help="What that role's trust policy asks for.")] = "",
    region: Annotated[
        list[str] | None, typer.Option("--region", help="A region to read.", show_default="every enabled one")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="A service to read, such as ec2.", show_default="all")
    ] = None,
    org: Annotated[bool, typer.Option("--org", help="Read every account of the organization.")] = False,
    org_role: Annotated[
        str, typer.Option("--org-role", metavar="NAME", help="With --org: the role to assume in each of them.")
    ] = "OrganizationAccountAccessRole",
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE.json.gz", help="Save what was read, to check it again.")
    ] = None,
    print_policy: Annotated[
        bool, typer.Option("--print-policy", help="Print the IAM policy that this audit needs, and read nothing.")
    ] = False,
    executor: Annotated[
        str, typer.Option("--executor", metavar="threads[:N]|dask://HOST:PORT", help="Where to run it.")
    ] = "threads",
    format_: Annotated[Format | None, typer.Option("--format", help="What to print.", show_default="text")] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", metavar="[FORMAT=]FILE", help="Also write FORMAT to FILE; without FORMAT: instead of printing."
        ),
    ] = None,
    select: shared.Select = None,
    ignore: shared.Ignore = None,
    kind: shared.Kinds = None,
    fail_on: Annotated[
        checking.FailOn | None,
        typer.Option("--fail-on", help="The lowest severity that makes the exit code 1.", show_default="low"),
    ] = None,
    checks: shared.CheckFolders = None,
    config: shared.ConfigFile = None,
    baseline: shared.BaselineFile = None,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Do not exit 4 for what could not be read or run.")
    ] = False,
    no_color: shared.NoColor = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print findings and problems only.")] = False,
) -> None:
    """Read an AWS account, with read-only calls, and check it.

    Credentials come from the usual chain: environment, profile, container or instance role. Exit codes are those of
    `guardrails check`; whatever AWS did not answer is told and makes the exit code 4.
    """
    from guardrails.sources.aws.audit import Options  # noqa: PLC0415  # loads botocore
    from guardrails.sources.aws.collectors import services  # noqa: PLC0415  # the same
    from guardrails.sources.aws.policy import policy_document  # noqa: PLC0415  # the same
    from guardrails.sources.aws.session import Access  # noqa: PLC0415  # the same

    if unknown := sorted(set(service or ()) - services().keys()):
        shared.fail(f"there is no service {', '.join(unknown)}: choose of {', '.join(services())}")
    if print_policy:
        print(policy_document(service or (), org_role=org_role if org else ""))
        raise typer.Exit(shared.CLEAN)
    options = Options(
        Access(profile, role_arn, external_id),
        regions=tuple(dict.fromkeys(region or ())),
        services=tuple(dict.fromkeys(service or ())),
        org_role=org_role if org else "",
    )
    if save and not save.parent.is_dir():
        shared.fail(f"there is no folder {save.parent} to save in")
    loaded = shared.load_config(config)
    printed, files = checking.outputs(format_ or Format.TEXT, output or ())
    catalog = shared.load_checks(loaded, checks)
    settings = shared.settings_of(loaded, [], select, ignore, kind)
    settings = replace(settings, baseline=shared.load_baseline(loaded, baseline, settings.profile))
    everything = list(catalog.checks.values())
    drawn = bool({printed, *(each for each, _ in files)} & {Format.HTML, Format.SUMMARY})
    reports: list[Report] = []
    views: list[Overview] = []
    with Progress(quiet=quiet) as progress:
        try:
            chosen = engine.select([*everything, *CHECKS_OF_SUPPRESSIONS], settings)
        except engine.SelectionError as error:
            shared.fail(str(error))
        for model in _models(options, executor, save, progress):
            problems = () if reports else catalog.problems
            reports.append(engine.run([model], everything, settings, problems=problems, progress=progress))
            if drawn:
                views.append(overview([model], chosen))
    whole = engine.joined(reports)
    context = Context(
        checks={**catalog.checks, **{each.id: each for each in CHECKS_OF_SUPPRESSIONS}},
        ran=frozenset(each.id for each in chosen),
        sources=Sources(whole.files),
        color=shared.wants_color(no_color),
        width=shared.width(),
        root=workspace.root(),
        page=explain.markdown,
        quiet=quiet,
        overview=lambda: _together(views),
    )
    checking.write(whole, context, printed, files)
    given = loaded.config if loaded else None
    code = shared.exit_code(
        whole,
        scanned=bool(reports),
        fail_on=checking.threshold(fail_on, given.fail_on if given else None),
        allow_incomplete=allow_incomplete or bool(given and given.allow_incomplete),
        profile=settings.profile,
    )
    raise typer.Exit(code)


def _models(options: Options, where: str, save: Path | None, progress: Progress) -> Iterator[Model]:
    """Each account as it is read, saved on the way; exits where none can be read at all."""
    from guardrails.sources.aws.audit import NoAccessError, collect  # noqa: PLC0415  # loads botocore
    from guardrails.sources.aws.executor import ExecutorError, executor_for  # noqa: PLC0415  # the same
    from guardrails.sources.aws.saving import Parts  # noqa: PLC0415  # the same

    def told(step: Step) -> None:
        progress(f"{step.account}: {step.done} of {step.total}, {step.calls} calls, {step.unit}")

    progress("asking AWS who we are")
    try:
        with executor_for(where) as executor:
            if save is None:
                yield from collect(options, executor, told)
                return
            parts = Parts(save, options)
            if done := parts.done():
                print(f"guardrails: {len(done)} accounts of an unfinished run are taken over", file=sys.stderr)
            yield from parts.keep(collect(parts.options(options), executor, told))
            progress(f"writing {save}")
            parts.finish()
    except (ExecutorError, NoAccessError) as error:
        shared.fail(str(error))
    except OSError as error:
        shared.fail(f"cannot write {save}: {error.strerror or error}")


def _together(views: Sequence[Overview]) -> Overview:
    return Overview(
        tuple(each for view in views for each in view.exposed),
        tuple(each for view in views for each in view.escalations),
        unknown=tuple(each for view in views for each in view.unknown),
    )
