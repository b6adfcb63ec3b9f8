"""What a removal is made of: questions that must still have the answer that the plan rests on, and changes.

A step is data, so that it can be shown, written as a line of shell, and carried out, all from the same.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from botocore import xform_name
from msgspec import Struct, field

_PREFIXES = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}


class Kept(Struct, frozen=True):
    """In parameters: what an earlier change gave, such as the id of the snapshot that it made."""

    name: str


class Ask(Struct, frozen=True):
    """A precondition, read from AWS right before the change that rests on it."""

    client: str
    """botocore's name of the service, such as `elbv2`."""
    operation: str
    """In AWS's spelling, such as `DescribeVolumes`."""
    params: Mapping[str, Any]
    query: str
    """A JMESPath expression that must give true."""
    otherwise: str
    """What is so where it does not: `it is attached again`."""


class Do(Struct, frozen=True):
    """A change."""

    client: str
    operation: str
    params: Mapping[str, Any]
    keep: str = ""
    """The name under which later steps find what `query` gives of the answer."""
    query: str = ""
    wait: str = ""
    """botocore's waiter that tells when the change is complete."""
    wait_for: Mapping[str, Any] = field(default_factory=dict)
    """Its parameters."""
    absent: tuple[str, ...] = ()
    """Error codes that mean that there is nothing left to change."""


Step = Ask | Do


class Removal(Struct, frozen=True):
    """How to remove one thing, and how to bring it back."""

    steps: tuple[Step, ...]
    undo: str
    """A sentence or a command; may name what is kept as `$snapshot`."""
    region: str
    takes: tuple[str, ...] = ()
    """The ids of what goes with it."""


def call_name(step: Step) -> str:
    """As IAM names the action: `ec2:DeleteVolume`."""
    return f"{_PREFIXES.get(step.client, step.client)}:{step.operation}"


def filled(params: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, Any]:
    """Parameters with what was kept in the place of its name."""

    def fill(value: Any) -> Any:
        match value:
            case Kept():
                return kept[value.name]
            case list():
                return [fill(item) for item in value]
            case _:
                return value

    return {name: fill(value) for name, value in params.items()}


def command(step: Step, region: str) -> str:
    """The call as a command of AWS's command line, quoted for a shell."""
    words = [*_words(step.client, xform_name(step.operation, "-"), step.params, region)]
    match step:
        case Ask():
            words += ["--query", shlex.quote(step.query), "--output", "json"]
        case Do() if step.keep:
            words += ["--query", shlex.quote(step.query), "--output", "text"]
        case Do():
            pass
    return " ".join(words)


def wait_command(step: Do, region: str) -> str:
    """The command that waits until a change is complete."""
    return " ".join(_words(step.client, f"wait {step.wait.replace('_', '-')}", step.wait_for, region))


def _words(client: str, operation: str, params: Mapping[str, Any], region: str) -> Iterator[str]:
    yield f"aws {client} {operation} --region {shlex.quote(region)}"
    for name, value in params.items():
        option = xform_name(name, "-")
        match value:
            case bool():
                yield f"--{option}" if value else f"--no-{option}"
            case list() if all(isinstance(item, str | Kept) for item in value):
                yield " ".join([f"--{option}", *(_word(item) for item in value)])
            case list() | dict():
                yield f"--{option} {shlex.quote(json.dumps(value))}"
            case _:
                yield f"--{option} {_word(value)}"


def _word(value: Any) -> str:
    return f'"${value.name}"' if isinstance(value, Kept) else shlex.quote(str(value))
