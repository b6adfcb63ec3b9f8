"""Everything that can be read, as models: configuration, plans, states and saved accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from guardrails.model import Model, Value

_CONFIGURATION = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json")


class InputError(Exception):
    """What the user named cannot be read at all: a usage error."""


class ReadOptions(Struct, frozen=True):
    """What the user says besides the paths."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """`--var name=value`: the text behind the sign, as Terraform takes it."""
    var_files: Sequence[Path] = ()
    source: Path | None = None
    """The root module that a plan was made from; None to look for it in the plan's own folder."""
    unsaved: Mapping[str, str] = field(default_factory=dict)
    """Texts of configuration that stand for those on the disk, by real path: what an editor has not saved yet."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """Values of variables that are known already, as those of a plan; they come before all others."""


def read(paths: Sequence[Path], options: ReadOptions | None = None) -> list[Model]:
    """The design of each root module, plan, state and account among the paths, in any mix.

    A directory stands for the root modules in it, a file of a module for the root modules that use it, any other file
    for what its content says. What cannot be read or understood is a model with a `Problem`. Raises `InputError` for
    a path that does not exist. A directory without Terraform gives no model.
    """
    options = options or ReadOptions()
    if missing := [str(path) for path in paths if not path.exists()]:
        raise InputError(f"no such file or directory: {', '.join(missing)}")
    configuration = [path for path in paths if is_configuration(path)]
    models: list[Model] = []
    if configuration:
        from guardrails.sources.terraform import read_configuration  # noqa: PLC0415  # only where it is needed

        models += read_configuration(_unique(configuration), options)
    for path in _unique(path for path in paths if not is_configuration(path)):
        models += _read_file(path, options)
    return models


def is_configuration(path: Path) -> bool:
    """Whether a path stands for root modules: a folder, or a file of one."""
    return path.is_dir() or path.name.endswith(_CONFIGURATION)


def _unique(paths: Iterable[Path]) -> list[Path]:
    """The paths without those that name the same file again."""
    seen: dict[Path, Path] = {}
    for path in paths:
        seen.setdefault(path.resolve(), path)
    return list(seen.values())


def _read_file(path: Path, options: ReadOptions) -> list[Model]:
    from guardrails.sources.document import Document, Unusable  # noqa: PLC0415  # only where it is needed
    from guardrails.sources.plan import read_plan, read_state  # noqa: PLC0415  # the same
    from guardrails.sources.state import unusable  # noqa: PLC0415  # the same

    try:
        document = Document.open(path)
        if document.data.startswith(b"\x1f\x8b"):  # gzip
            return _read_snapshot(path)
        match document.what:
            case "plan":
                return [read_plan(document, options.source or source_of(path), _evaluate)]
            case "state" | "state file":
                return [read_state(document)]
            case "snapshot":
                return _read_snapshot(path)
            case "":
                reason = "is neither Terraform configuration nor the JSON of a plan, a state or a saved account"
                raise Unusable(reason, document.start)
    except Unusable as error:
        return [unusable(path, "plan", error)]


def _read_snapshot(path: Path) -> list[Model]:
    from guardrails.sources.snapshot import read_snapshot  # noqa: PLC0415  # only where it is needed

    return read_snapshot(path)


def source_of(plan: Path) -> Path | None:
    """The folder of a plan, if it holds configuration."""
    folder = plan.parent
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return None
    return folder if any(name.endswith(_CONFIGURATION[:4]) for name in names) else None


def _evaluate(folder: Path, values: Mapping[str, Value]) -> Model:
    """The root module in a folder, with the values of its variables from a plan."""
    from guardrails.sources.terraform import read_root  # noqa: PLC0415  # only where it is needed

    return read_root(folder, ReadOptions(values=values))
