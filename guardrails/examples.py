"""Examples of checks that are a part of a live account, as the snapshots that they stand for."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

MARK = re.compile(r"[ \t]*# (?:finding|undecided)[ \t]*$", re.MULTILINE)
OUTSIDE = "not part of the example"
"""The reason of the gap that stands for the rest of the account."""

_ACCOUNT = "111122223333"
_COLLECTED = "2026-01-31T00:00:00Z"
_REGION = "eu-west-1"


def is_account(text: str) -> bool:
    """Whether an example's text is a part of a live account, not Terraform."""
    return text.lstrip().startswith("{")


def plain(text: str) -> str:
    """An example's text as it is tested and shown: not indented, and with a line's end at its end."""
    return textwrap.dedent(text).strip("\n") + "\n"


def snapshot(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The snapshot document of an account's example, and the line of each thing by the place that findings name.

    The place of the account itself is empty. Raises `ValueError` for a text that is no sequence of JSON objects.
    """
    header: Mapping[str, Any] = {}
    resources: list[dict[str, Any]] = []
    lines = {"": 1}
    for line, given in _objects(text):
        if "type" not in given:
            header = given
            continue
        data = "data." if given.get("mode") == "data" else ""
        made = {"address": f"{data}{given['type']}.{given['name']}", "region": _REGION, **given}
        resources.append(made)
        lines.setdefault(made.get("arn") or made["address"], line)
    shown = {f"{'data.' if each.get('mode') == 'data' else ''}{each['type']}" for each in resources}
    account = {
        "account": header.get("account", _ACCOUNT),
        "collected": header.get("collected", _COLLECTED),
        "gaps": [{"reason": OUTSIDE, "types": sorted(_collected_types() - shown - set(header.get("complete", ())))}],
        "resources": resources,
    }
    return {"guardrails_snapshot": 1, "accounts": [account]}, lines


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects that follow each other in a text, each with its line from 1."""
    text = MARK.sub("", text)
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found, end = decoder.raw_decode(text, at)
        if not isinstance(found, dict):
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1} is no JSON object")
        yield text.count("\n", 0, at) + 1, found
        at = end


def _collected_types() -> set[str]:
    from guardrails.sources.aws.collectors import services  # noqa: PLC0415  # loads botocore

    return {type_ for service in services().values() for type_ in service.types}
