"""Where a value was written, and the places that it came through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardrails.model import Label, Origin, Path

if TYPE_CHECKING:
    from guardrails.sources.terraform.resource import Instance


def locate(instance: Instance, path: Path) -> Origin:
    """The origin of the value at a path from the root of a resource; for an absent one, of the block that lacks it."""
    block = instance.block
    calls: list[Label] = []
    module = instance.module
    while module is not None:
        if module.call is not None:
            calls.append(Label(module.call.source.location(module.call.span), "the module is called here"))
        module = module.parent
    span = block.span if not path else block.header
    if path and isinstance(path[0], str) and path[0] in block.body.attributes:
        attribute = block.body.attributes[path[0]]
        return Origin(attribute.source.location(attribute.span), (), tuple(calls))
    return Origin(block.source.location(span), (), tuple(calls))
