"""A design as it was evaluated: every resource, what is unknown of it and why, and where its values came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from guardrails.model import MASK, Location, Model, Problem, Resource, plain, refs_of
from guardrails.reporters.json import dumped, place_v1
from guardrails.reporters.safe import MAX_LINE, redacted, visible
from guardrails.sources.terraform.shape import as_planned


def as_json(models: Iterable[Model]) -> str:
    """Version 1: values in the shape of a plan's `planned_values`, unknown ones by path."""
    resources: list[dict[str, object]] = []
    problems: list[Problem] = []
    several = list(models)
    for model in several:
        for resource in _all(model):
            values, unknown = plain(as_planned(resource))
            values = _without_unset(values)
            entry: dict[str, object] = {
                "address": resource.address,
                "type": resource.type,
                "mode": resource.mode,
                "values": values,
                "unknown": unknown,
                "references": _references(resource),
                "location": place_v1(resource.locate(()).location),
                "root": model.name,
            }
            if resource.conditional:
                entry["conditional"] = resource.conditional
            resources.append(entry)
        problems += model.incomplete()
    errors = [{"stage": each.stage, "message": each.message, "location": place_v1(each.location)} for each in problems]
    return dumped({"version": 1, "resources": resources, "errors": errors})


def as_text(models: Sequence[Model]) -> str:
    """For people: a resource a paragraph."""
    lines: list[str] = []
    for model in models:
        if len(models) > 1:
            lines += [f"# {model.name} ({model.kind})", ""]
        for resource in _all(model):
            lines += _paragraph(resource)
        lines += [
            f"incomplete: {f'{each.location}: ' if each.location else ''}{each.message}" for each in model.incomplete()
        ]
    return "".join(f"{visible(redacted(line))}{'...' * (len(line) > MAX_LINE)}\n" for line in lines)


def _all(model: Model) -> Iterator[Resource]:
    for type_ in sorted(model.types()):
        yield from model.all(type_)


def _without_unset(value: object) -> object:
    """Objects without the attributes that are not set: the provider gives those their defaults, which are not null.

    What stands in a map stays: a null there is a value.
    """
    match value:
        case dict():
            return {
                name: [_without_unset(item) for item in each] if isinstance(each, list) else each
                for name, each in value.items()
                if each is not None
            }
        case _:
            return value


def _references(resource: Resource) -> list[str]:
    return sorted(
        {ref.address for name in resource.values for ref in refs_of(resource.values[name])} - {resource.address}
    )


def _paragraph(resource: Resource) -> Iterator[str]:
    origin = resource.locate(())
    place = f"  {origin.location}" if origin.location else ""
    yield f"{resource.address}{place}"
    for call in origin.calls:
        yield f"  {call.text}: {call.location}"
    if resource.conditional:
        yield f"  if it exists: {resource.conditional}"
    for name in sorted(resource.values):
        value = resource.values[name]
        shown, unknown = plain({name: value})
        assert isinstance(shown, dict)  # noqa: S101  # a mapping stays one
        yield from _lines(name, shown.get(name), unknown, resource)
    yield ""


def _lines(name: str, value: object, unknown: dict[str, str], resource: Resource) -> Iterator[str]:
    if name in unknown:
        yield f"  {name} = {MASK}" if unknown[name] == MASK else f"  {name} = ?  {unknown[name]}"
        return
    if value is None:
        return
    origin = resource.locate((name,))
    place = origin.location
    came = [f"{label.location} ({label.text})" for label in origin.related]
    if isinstance(place, Location) and came:
        yield f"  {name} = {_literal(value)}  <- {', '.join(came)}"
    else:
        yield f"  {name} = {_literal(value)}"
    for path, reason in unknown.items():
        yield f"    {path} = ?  {reason}"


def _literal(value: object) -> str:
    match value:
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case list():
            return f"[{', '.join(_literal(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{key} = {_literal(item)}' for key, item in value.items())}}}"
        case _:
            return str(value)
