"""Root modules as models: found, put together with the modules that they call, and evaluated when asked."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from guardrails.model import Model, Resource, Unknown, UnknownValue, Value
from guardrails.sources.terraform.design import Design
from guardrails.sources.terraform.expression import Reference, Tuple
from guardrails.sources.terraform.inputs import Inputs, automatic
from guardrails.sources.terraform.instance import ModuleInstance
from guardrails.sources.terraform.loader import Loader, terraform_files, terraform_folders
from guardrails.sources.terraform.module import Module, literal
from guardrails.sources.terraform.origin import locate
from guardrails.sources.terraform.repetition import Instances
from guardrails.sources.terraform.resource import Instance, InstanceValues
from guardrails.sources.terraform.tree import Child, Tree
from guardrails.sources.terraform.types import EvaluationError
from guardrails.sources.terraform.versions import asks_for_newer

if TYPE_CHECKING:
    from guardrails.sources import ReadOptions


class Table:
    """The resources of a root module and of those below it, a type at a time."""

    def __init__(self, root: ModuleInstance, top: Child) -> None:
        self._root = root
        self._top = top

    def types(self) -> Collection[str]:
        """See `ResourceTable.types`."""
        return sorted(self._top.types)

    def of_type(self, type: str, /) -> Sequence[Resource]:  # noqa: A002  # the field's own name
        """See `ResourceTable.of_type`."""
        return [
            _resource(instance, module)
            for module in _module_instances(self._root, self._top, type)
            for block in module.module.by_type.get(type, ())
            for instance in _each(module.resource(_name(block.type, block.labels)))
        ]


def _each(found: Instances[Instance] | Instance) -> Iterator[Instance]:
    return iter((found,)) if isinstance(found, Instance) else iter(found)


def _name(type_: str, labels: Sequence[str]) -> str:
    return ".".join(labels) if type_ == "resource" else f"data.{'.'.join(labels)}"


def _module_instances(module: ModuleInstance, node: Child, type_: str) -> Iterator[ModuleInstance]:
    """The module instances that have resources of a type, the outer before the inner ones."""
    if type_ in module.module.by_type:
        yield module
    for name, child in node.children.items():
        if isinstance(child, Child) and type_ in child.types:
            match module.calls(name):
                case ModuleInstance() as only:
                    yield from _module_instances(only, child, type_)
                case Instances() as several:
                    for each in several:
                        yield from _module_instances(each, child, type_)
                case UnknownValue():
                    pass


def _resource(instance: Instance, module: ModuleInstance) -> Resource:
    block = instance.block
    return Resource(
        instance.type,
        block.labels[1],
        InstanceValues(instance),
        address=instance.address,
        mode="managed" if block.type == "resource" else "data",
        provider=module.provider_of(instance).model(),
        locate=partial(locate, instance),
        conditional=instance.conditional,
        depends_on=_depends_on(instance, module),
    )


def _depends_on(instance: Instance, module: ModuleInstance) -> Sequence[str]:
    given = instance.block.body.attributes.get("depends_on")
    if given is None or not isinstance(given.expression, Tuple):
        return ()
    prefix = f"{module.address}." if module.address else ""
    return [f"{prefix}{item}" for item in given.expression.items if isinstance(item, Reference)]


def read_configuration(paths: Sequence[Path], options: ReadOptions) -> list[Model]:
    """A model for each root module among the paths.

    A directory stands for the root modules in it (those that no other calls, and that in the directory itself if
    people run it), a file for the root modules that use its folder. Directories without Terraform give none. Raises
    `InputError` for a variable or a file of variables that there is not; what is wrong in the files is a problem of
    the model.
    """
    from guardrails.sources import InputError  # noqa: PLC0415  # it imports this file

    if missing := [str(path) for path in options.var_files if not path.exists()]:
        raise InputError(f"no such file or directory: {', '.join(missing)}")
    loaders: dict[tuple[str, str], Loader] = {}
    roots: dict[str, Loader] = {}
    for path in paths:
        real = os.path.realpath(path)
        is_folder = os.path.isdir(real)
        folder = real if is_folder else os.path.dirname(real)
        fences = _fences(folder)
        loader = loaders.setdefault(fences, Loader(*fences, options.unsaved))
        for root in find_roots(loader, folder) if is_folder else _users(loader, folder):
            roots.setdefault(root, loader)
    declared = {name for root, loader in roots.items() for name in loader.module(root).variables}
    if roots and (unknown := sorted(options.variables.keys() - declared)):
        raise InputError(f"no root module has a variable {', '.join(unknown)}")
    inputs = {loader: Inputs(loader, options, os.environ) for loader in loaders.values()}
    return [_model(loader, inputs[loader], root) for root, loader in roots.items()]


def read_root(folder: Path, options: ReadOptions) -> Model:
    """The model of the root module in a folder, without a look at the folders around it."""
    root = os.path.realpath(folder)
    loader = Loader(*_fences(root), options.unsaved)
    return _model(loader, Inputs(loader, options, os.environ), root)


def _model(loader: Loader, inputs: Inputs, root: str) -> Model:
    tree = Tree(loader, root)
    design = Design(Path(root), Path(loader.tree), lambda: asks_for_newer(loader, root, tree.modules()))
    files = list(tree.files)
    arguments = inputs.arguments(tree.top.module, tree.problems, files)
    instance = ModuleInstance(design, tree.top.module, tree.top.children, arguments)
    model = Model(
        loader.shown(root),
        "configuration",
        Table(instance, tree.top),
        gaps=tree.gaps,
        problems=tree.problems,
        comments=tree.comments,
        files=files,
    )
    model.outputs = lambda: _outputs(instance)
    # What is evaluated later adds to what the model has.
    design.problems, design.gaps = model.problems, model.gaps
    return model


def _outputs(instance: ModuleInstance) -> Value:
    try:
        return instance.force()
    except EvaluationError as error:
        raise Unknown(str(error)) from None


def _fences(directory: str) -> tuple[str, str]:
    """What modules may be read from, and what other files may: the repository around a folder.

    Without a repository the folder itself is the tree, and modules may also come from beside it, up to the folder that
    the user stands in: `guardrails check examples/simple` finds the module at `../..`.
    """
    at = directory
    while not os.path.exists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            here = os.path.realpath(os.getcwd())
            everything = here in (os.path.dirname(here), os.path.realpath(os.path.expanduser("~")))
            beside = not everything and directory.startswith(here + os.sep)
            return (here if beside else directory), directory
        at = above
    return at, at


def find_roots(loader: Loader, directory: str, *, itself: bool = True) -> list[str]:
    """The root modules in a folder: those that no other module calls and, with `itself`, that in the folder itself if
    people run it: a test that calls it says little about what they deploy.
    """
    folders = list(terraform_folders(directory))
    called = {folder: _local_calls(loader, folder) for folder in folders}
    targets = {target for folder, found in called.items() for target in found if target != folder}
    itself = itself and directory in targets and _is_run(loader.module(directory))
    roots = [folder for folder in folders if folder not in targets or (itself and folder == directory)]
    reached = _reached(roots, called)
    for folder in folders:
        if folder not in reached:  # modules that call each other in a circle
            roots.append(folder)
            reached |= _reached([folder], called)
    return roots


def _is_run(module: Module) -> bool:
    """Whether a module has what modules for others have not: providers, a place for its state, values of variables."""
    return module.has_backend or bool(module.providers) or bool(automatic(str(module.directory)))


def _local_calls(loader: Loader, folder: str) -> list[str]:
    sources = (literal(block.body.attributes.get("source")) for block in loader.module(folder).calls.values())
    return [
        os.path.realpath(os.path.join(folder, source))
        for source in sources
        if source.startswith(("./", "../")) or source in (".", "..")
    ]


def _reached(roots: Sequence[str], called: dict[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    pending = list(roots)
    while pending:
        folder = pending.pop()
        if folder not in reached:
            reached.add(folder)
            pending += called.get(folder, ())
    return reached


def _users(loader: Loader, folder: str) -> list[str]:
    """The root modules that a folder is part of."""
    if not terraform_files(folder):
        return []
    roots = find_roots(loader, loader.tree, itself=False)
    called = {each: _local_calls(loader, each) for each in terraform_folders(loader.tree)}
    return [root for root in roots if folder in _reached([root], called)] or [folder]
