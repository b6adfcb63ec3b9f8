"""`guardrails network`: who reaches whom, what the internet reaches, and what a plan changes about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardrails.commands import _shared as shared
from guardrails.commands._questions import AnswerFormat, Format, On, end, read

if TYPE_CHECKING:
    from guardrails.model import Model
    from guardrails.network.lens import Network
    from guardrails.network.ports import PortSet
    from guardrails.network.reach import Reachability


Picture = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Also draw the VPCs into FILE.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    network = typer.Typer(name="network", help="Who reaches whom over the network.", no_args_is_help=True)
    network.command("reach")(reach)
    network.command("exposed")(exposed)
    network.command("diff")(diff)
    app.add_typer(network)


def reach(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="An address, CIDR, `internet`, or a service like `s3`.")
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same.")],
    *,
    port: Annotated[
        list[str] | None,
        typer.Option(
            "--port", help="A port or range, TCP unless said: 443, 8000-8999, 53/udp, icmp.", show_default="any"
        ),
    ] = None,
    on: On = None,
    format_: Format = AnswerFormat.TEXT,
    svg: Picture = None,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source_tree: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """Say whether FROM can open connections to TO, by which path, or what is in the way.

    Exit codes: 0 reachable, 1 blocked, 2 usage error, 3 nothing to look at, 4 not known or incomplete.
    """
    from guardrails.network.lens import Network  # noqa: PLC0415  # with the command alone
    from guardrails.reporters import network as report  # noqa: PLC0415  # as above
    from guardrails.reporters.network_picture import svg as draw  # noqa: PLC0415  # as above

    models, complete = read(on, var, var_file, source_tree, config)
    ports = _ports(port)
    answer, lens = _ask([Network.of(model) for model in models], source, target, ports)
    match format_:
        case AnswerFormat.JSON:
            shared.put(_dump(report.reach_json(source, target, answer)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.reach_markdown(source, target, answer))
        case AnswerFormat.TEXT:
            shared.put(report.reach_text(source, target, answer))
    if svg is not None:
        _write(svg, draw(lens, lens.exposed(), answer.path))
    match answer.verdict:
        case "must":
            end(shared.CLEAN, complete=complete)
        case "blocked":
            raise typer.Exit(shared.FINDINGS)
        case "may" | "unknown":
            raise typer.Exit(shared.INCOMPLETE)


def exposed(
    *,
    on: On = None,
    format_: Format = AnswerFormat.TEXT,
    svg: Picture = None,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source_tree: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """List everything that the internet reaches: ports, path, and what stands behind load balancers.

    Exit codes: 0 answered, 2 usage error, 3 nothing to look at, 4 incomplete.
    """
    from guardrails.network.lens import Network  # noqa: PLC0415  # with the command alone
    from guardrails.reporters import network as report  # noqa: PLC0415  # as above
    from guardrails.reporters.network_picture import svg as draw  # noqa: PLC0415  # as above

    models, complete = read(on, var, var_file, source_tree, config)
    lenses = [Network.of(model) for model in models]
    found = [each for lens in lenses for each in lens.exposed()]
    match format_:
        case AnswerFormat.JSON:
            shared.put(_dump(report.exposed_json(found)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.exposed_markdown(found))
        case AnswerFormat.TEXT:
            shared.put(report.exposed_text(found))
    if svg is not None:
        if len(lenses) != 1:
            shared.fail(f"--svg draws one design, {len(lenses)} are in view")
        _write(svg, draw(lenses[0], found))
    end(shared.CLEAN, complete=complete)


def diff(
    plan: Annotated[Path, typer.Argument(help="A plan (`terraform show -json`).")],
    *,
    format_: Format = AnswerFormat.TEXT,
    source_tree: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """Show what PLAN newly opens to the internet, and what loses a path that it had.

    Exit codes: 0 nothing newly open, 1 something is, 2 usage error, 4 incomplete.
    """
    from guardrails.network.lens import diff as changes  # noqa: PLC0415  # with the command alone
    from guardrails.reporters import network as report  # noqa: PLC0415  # as above

    shared.load_config(config)
    models = shared.read_models([plan], (), (), source_tree)
    complete = not shared.say_problems(problem for model in models for problem in model.problems)
    opened, closed = [], []
    for model in models:
        if model.kind != "plan":
            shared.fail(f"{plan} is not a plan")
        new, gone = changes(model.before or _nothing(model), model)
        opened += new
        closed += gone
    match format_:
        case AnswerFormat.JSON:
            shared.put(_dump(report.diff_json(opened, closed)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.diff_markdown(opened, closed))
        case AnswerFormat.TEXT:
            shared.put(report.diff_text(opened, closed))
    end(shared.FINDINGS if opened else shared.CLEAN, complete=complete)


def _nothing(model: Model) -> Model:
    from guardrails.model import Model, Resources  # noqa: PLC0415  # with the command alone

    return Model(model.name, "state", Resources(()))


def _ask(lenses: list[Network], source: str, target: str, ports: PortSet) -> tuple[Reachability, Network]:
    """The answer of the one design that knows both ends."""
    answers: list[tuple[Reachability, Network]] = []
    reason = ""
    for lens in lenses:
        try:
            answers.append((lens.reach(source, target, ports), lens))
        except LookupError as error:
            reason = reason or str(error)
    if not answers:
        shared.fail(reason)
    if len(answers) > 1:
        shared.fail(f"{len(answers)} designs have {source} and {target}: name one with --on")
    return answers[0]


def _ports(given: Iterable[str] | None) -> PortSet:
    from guardrails.network.ports import ALL, NOTHING, PortSet  # noqa: PLC0415  # with the command alone

    found = NOTHING
    for text in given or ():
        span, _, protocol = text.partition("/")
        try:
            if not span[:1].isdigit():
                found |= PortSet.of(span)
                continue
            low, _, high = span.partition("-")
            found |= PortSet.of(protocol or "tcp", (int(low), int(high or low)))
        except ValueError:
            shared.fail(f"`--port {text}`: write 443, 8000-8999, 53/udp or icmp")
    return found or ALL


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        shared.fail(f"{path}: {error.strerror}")


def _dump(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
