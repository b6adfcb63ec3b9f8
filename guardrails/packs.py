"""Policy packs: settings and checks that several repositories share, from a folder or an installed package.

A pack is a folder with `pack.toml` (settings), `checks/` (check files), or both. An installed package offers its own
folder as one with an entry point in the group `guardrails.packs`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from guardrails import config
from guardrails.config import ConfigError, Loaded

ENTRY_POINTS = "guardrails.packs"
FILE = "pack.toml"
CHECKS = "checks"


def applied(loaded: Loaded, given: Iterable[str] = ()) -> Loaded:
    """The configuration on top of its packs, and on top of those `given` on the command line, which may bring code.

    Raises `ConfigError`.
    """
    folders = [(_find(loaded.path_of(name), name), loaded.trusted, name) for name in loaded.config.packs]
    folders += [(_find(name, name), True, name) for name in given]
    settings = loaded.config
    for (folder, installed), trusted, name in reversed(folders):  # the last one is the strongest: nearest to the top
        found = False
        if os.path.isfile(os.path.join(folder, FILE)):
            settings = config.load_pack(os.path.join(folder, FILE)).under(settings)
            found = True
        if os.path.isdir(checks := os.path.join(folder, CHECKS)):
            if not trusted and not installed:
                raise ConfigError(
                    f"{loaded.path}: the pack `{name}` holds code to run, and this file was found, not given: "
                    f"say `--config {loaded.path}` or `--pack {loaded.path_of(name)}` if you trust it"
                )
            settings = msgspec.structs.replace(settings, checks=(os.path.abspath(checks), *settings.checks))
            found = True
        if not found:
            raise ConfigError(f"the pack `{name}` has neither {FILE} nor {CHECKS}/ in {folder}")
    return replace(loaded, config=settings)


def _find(path: str, name: str) -> tuple[str, bool]:
    """The folder of a pack, and whether it is an installed one. Raises `ConfigError`."""
    if os.path.isdir(path):
        return path, False
    if os.sep not in name and "/" not in name:
        from importlib.metadata import entry_points  # noqa: PLC0415  # 25 ms that only an installed pack costs

        for entry in entry_points(group=ENTRY_POINTS, name=name):
            try:
                spec = importlib.util.find_spec(entry.value)
            except (ImportError, ValueError) as error:
                raise ConfigError(f"the pack `{name}` is not there: {error}") from None
            if spec and spec.submodule_search_locations:
                return next(iter(spec.submodule_search_locations)), True
            raise ConfigError(f"the pack `{name}` is not there: {entry.value} is no package")
    raise ConfigError(f"there is no pack `{name}`: neither a folder nor the name of an installed one")
