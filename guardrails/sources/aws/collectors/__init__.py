"""One file per service of AWS, each with its `SERVICE`. Being in the folder is the registration."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from guardrails.sources.aws.collector import Service


@cache
def services() -> dict[str, Service]:
    """Every service that can be read, by name, in alphabetical order."""
    found: dict[str, Service] = {}
    for module in pkgutil.iter_modules(__path__):
        service = importlib.import_module(f"{__name__}.{module.name}").SERVICE
        if service.name in found:
            raise ValueError(f"two collectors are named {service.name}")
        found[service.name] = service
    return dict(sorted(found.items()))
