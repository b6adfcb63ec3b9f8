"""Whether a configuration asks for a newer version of the AWS provider than the one whose schema is known here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from guardrails.sources.terraform.expression import Literal, Object
from guardrails.sources.terraform.loader import Loader
from guardrails.sources.terraform.module import Module
from guardrails.sources.terraform.schema import schema_version

_LOCKED = re.compile(r'provider\s+"[^"]*/hashicorp/aws"\s*\{[^}]*?\bversion\s*=\s*"(\d+(?:\.\d+)*)"')
_TERM = re.compile(r"(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+)*)")

Version = tuple[int, ...]


def asks_for_newer(loader: Loader, root: str, modules: Iterable[Module]) -> bool:
    """Whether the lock file names a newer version, or without one a module cannot do with the known version."""
    known = _version(schema_version()[0])
    try:
        locked = _LOCKED.search(loader.text(os.path.join(root, ".terraform.lock.hcl")))
    except ValueError:
        locked = None
    if locked:
        return _version(locked[1]) > known
    return any(_least(_constraint(module)) > known for module in modules)


def _constraint(module: Module) -> str:
    """The version constraint of the provider `aws` in a module, or nothing."""
    given = module.required.get("aws")
    if given is None:
        return ""
    node = given.expression
    if isinstance(node, Object):
        found = (value for key, value in node.items if isinstance(key, Literal) and key.value == "version")
        node = next(found, node)
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else ""


def _least(constraint: str) -> Version:
    """The least version that a constraint names as allowed."""
    terms = (_TERM.fullmatch(term.strip()) for term in constraint.split(","))
    return max((_version(term[2]) for term in terms if term and term[1] not in ("!=", "<", "<=")), default=())


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))
