"""Provider configurations: which one a resource uses, and how modules hand them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from guardrails.model import Provider
from guardrails.sources.terraform.expression import Literal, Node, Object, Reference
from guardrails.sources.terraform.syntax import Block

if TYPE_CHECKING:
    from guardrails.sources.terraform.resource import Instance


class ProviderConfiguration(Struct):
    """A `provider` block in use; without one, whatever the environment says."""

    name: str
    alias: str
    instance: Instance | None
    _model: Provider | None = None

    def model(self) -> Provider:
        """It as the model has it."""
        if self._model is None:
            from guardrails.sources.terraform.resource import InstanceValues  # noqa: PLC0415  # it imports this file

            values = {} if self.instance is None else InstanceValues(self.instance)
            self._model = Provider(self.name, self.alias, values)
        return self._model


def provider_name(node: Node) -> tuple[str, str]:
    """Local name and alias in `aws.west`, `aws` or, as older configurations have it, `"aws.west"`."""
    match node:
        case Reference(root=root, steps=[]):
            return root, ""
        case Reference(root=root, steps=[alias, *_]):
            return root, str(alias)
        case Literal(value=str() as text):
            name, _, alias = text.partition(".")
            return name, alias
        case _:
            return "", ""


def passed_providers(call: Block) -> dict[tuple[str, str], tuple[str, str]]:
    """What a module call hands on: the name and alias in the module, and those in the caller."""
    given = call.body.attributes.get("providers")
    if given is None or not isinstance(given.expression, Object):
        return {}
    return {provider_name(key): provider_name(value) for key, value in given.expression.items}
