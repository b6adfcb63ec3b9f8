"""What checkov reads of a tree, as one digest: the same for the same content, wherever the tree stands."""

from __future__ import annotations

import collections
import hashlib
import os
import re
from collections.abc import Iterable, Iterator

MAX_BYTES = 50_000_000
"""checkov's own limit for a file."""
_READ = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json", ".hcl")
_LOCAL_SOURCE = re.compile(rb'source"?\s*[=:]\s*"(\.\.?(?:/[^"\n]*)?)"')


def digest_of_tree(root: str) -> bytes | None:
    """Over the names and contents of the files below a folder, and of the local modules that they call.

    None where something cannot be read: then nothing can be said of what checkov would read.
    """
    digest = hashlib.sha256()
    seen: set[str] = set()
    pending = collections.deque(_walk(root))
    while pending:
        folder, names = pending.popleft()
        if folder in seen:
            continue
        seen.add(folder)
        for name in names:
            path = os.path.join(folder, name)
            data = _content(path)
            if data is None:
                return None
            _add(digest, os.path.relpath(path, root).encode("utf-8", "surrogateescape"), data)
            for source in _LOCAL_SOURCE.findall(data):
                # A module is a folder without those below it: `../../..` does not mean the whole disk.
                target = os.path.normpath(os.path.join(folder, os.fsdecode(source)))
                if target not in seen:
                    pending.append((target, _names(target)))
    return digest.digest()


def digest_of_files(paths: Iterable[str]) -> bytes | None:
    """Over the contents of single files."""
    digest = hashlib.sha256()
    for path in paths:
        data = _content(path, 1 << 30)
        if data is None:
            return None
        _add(digest, b"", data)
    return digest.digest()


def _add(digest: hashlib._Hash, *parts: bytes) -> None:
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)


def _walk(start: str) -> Iterator[tuple[str, list[str]]]:
    """Folders in a stable order, each with the names of its files that count."""
    for folder, folders, names in os.walk(start):
        folders[:] = sorted(each for each in folders if each not in {".git", "node_modules", ".terraform"})
        yield folder, sorted(name for name in names if name.endswith(_READ))


def _names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(_READ))
    except OSError:
        return []


def _content(path: str, most: int = MAX_BYTES) -> bytes | None:
    try:
        if not os.path.isfile(path):  # a pipe would block
            return None
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError:
        return None
    return data if len(data) <= most else None
