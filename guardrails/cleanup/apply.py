"""Carries a plan out: each item after its preconditions were read from AWS once more, with every call in a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import jmespath
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from guardrails.cleanup.journal import Journal
from guardrails.cleanup.plan import Item, Plan
from guardrails.cleanup.steps import Ask, Do, call_name, filled
from guardrails.model import plain
from guardrails.sources.aws.audit import NoAccessError
from guardrails.sources.aws.session import Access, Client, Limits, UnexpectedAnswerError, session_for

_RATE = 5.0  # requests a second: a cleanup has time

_PATIENCE = 480
"""Looks of a waiter, mostly 15 seconds apart: a snapshot can take hours, and what waits for it stays meanwhile."""

Clients = Callable[[str, str], Client]
"""A client of a service in a region."""


class Result(Struct, frozen=True):
    """How one item ended."""

    item: Item
    outcome: Literal["removed", "skipped", "failed"]
    reason: str = ""
    undo: str = ""
    """How to bring it back, with the ids of what was saved."""


class _StopError(Exception):
    """Ends an item; its text says why."""

    def __init__(self, outcome: Literal["skipped", "failed"], reason: str) -> None:
        super().__init__(reason)
        self.outcome: Literal["skipped", "failed"] = outcome


def apply(plan: Plan, clients: Clients, journal: Journal) -> Iterator[Result]:
    """Remove each item, in order. One that stops leaves what it is used by, or stands in, where it is.

    Nothing but what the plan names is changed. Raises `OSError` where the journal cannot be written: then nothing
    further is done.
    """
    left: dict[int, str] = {}
    journal.write("begin", account=plan.account, items=len(plan.items), monthly_usd=round(plan.monthly, 2))
    for item in plan.items:
        result = _result(item, left, clients, journal)
        if result.outcome != "removed":
            left[item.number] = item.resource.address
        journal.write(
            result.outcome, item=item.number, resource=item.resource.address, reason=result.reason, undo=result.undo
        )
        yield result
    journal.write("end", account=plan.account, left=sorted(left.values()))


def _result(item: Item, left: dict[int, str], clients: Clients, journal: Journal) -> Result:
    blocking = [left[number] for number in item.after if number in left]
    if blocking:
        return Result(item, "skipped", f"{blocking[0]} uses it and is still there")
    kept: dict[str, str] = {}
    journal.write(
        "before",
        item=item.number,
        resource=item.resource.address,
        region=item.removal.region,
        checks=[each.check for each in item.findings],
        takes=list(item.removal.takes),
        values=plain(item.resource.values)[0],
    )
    try:
        for step in item.removal.steps:
            match step:
                case Ask():
                    _hold(step, item, clients)
                case Do():
                    _change(step, item, clients, journal, kept)
    except _StopError as stop:
        saved = "".join(f"; {name} {value} stays" for name, value in kept.items())
        return Result(item, stop.outcome, f"{stop}{saved}")
    undo = item.removal.undo
    for name, value in kept.items():
        undo = undo.replace(f"${name}", value)
    return Result(item, "removed", undo=undo)


def _hold(ask: Ask, item: Item, clients: Clients) -> None:
    """Stop unless a precondition still holds. What cannot be read does not hold."""
    try:
        answer = _answer(clients(ask.client, item.removal.region), ask.operation, dict(ask.params))
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        gone = "NotFound" in code or code.endswith("NotFoundFault") or code == "NatGatewayNotFound"
        reason = "it is gone already" if gone else f"{call_name(ask)}: {code}"
        raise _StopError("skipped", reason) from None
    except Exception as error:  # botocore's parsers raise anything over an answer that is not AWS's
        raise _StopError("skipped", f"{call_name(ask)}: {_brief(error)}") from None
    try:
        holds = jmespath.search(ask.query, answer) is True
    except jmespath.exceptions.JMESPathError:  # the length of what is not there
        holds = False
    if not holds:
        raise _StopError("skipped", ask.otherwise)


def _change(do: Do, item: Item, clients: Clients, journal: Journal, kept: dict[str, str]) -> None:
    params = filled(do.params, kept)
    facts = {"item": item.number, "call": call_name(do), "params": params, "region": item.removal.region}
    client = clients(do.client, item.removal.region)
    journal.write("calling", **facts)
    try:
        answer = getattr(client, xform_name(do.operation))(**params)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in do.absent:
            journal.write("done", **facts, note=f"{code}: there was nothing left")
            return
        raise _StopError("failed", f"{call_name(do)}: {code}: {error.response['Error'].get('Message', '')}") from None
    except Exception as error:  # as above; whether AWS did it is not known
        raise _StopError("failed", f"{call_name(do)}: {_brief(error)}") from None
    if do.keep:
        value = jmespath.search(do.query, answer)
        if not isinstance(value, str):
            raise _StopError("failed", f"{call_name(do)}: the answer has no {do.query}")
        kept[do.keep] = value
        journal.write("kept", **facts, name=do.keep, value=value)
    else:
        journal.write("done", **facts)
    if do.wait:
        try:
            waiter = client.get_waiter(do.wait)  # type: ignore[attr-defined]  # botocore's own
            waiter.wait(**filled(do.wait_for, kept), WaiterConfig={"MaxAttempts": _PATIENCE})
        except Exception as error:  # as above
            raise _StopError("failed", f"{call_name(do)}: it does not end: {_brief(error)}") from None


def _answer(client: Client, operation: str, params: dict[str, Any]) -> Any:
    """A whole answer, all of its pages together, with times as text in UTC."""
    method = xform_name(operation)
    if client.can_paginate(method):
        answer = client.get_paginator(method).paginate(**params).build_full_result()
    else:
        answer = getattr(client, method)(**params)
    return _plain(answer)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        case _:
            return value


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]


def clients_of(access: Access, limits: Limits | None = None) -> tuple[Clients, str]:
    """Clients with somebody's credentials, and the id of the account that these are of.

    Raises `NoAccessError` where AWS does not say.
    """
    session = session_for(access, limits or Limits())

    def client(name: str, region: str) -> Client:
        return session.client(name, region, _RATE)

    try:
        caller = client("sts", session.default_region() or "us-east-1")
        account = caller.get_caller_identity()["Account"]  # type: ignore[attr-defined]  # botocore's own
    except (BotoCoreError, ClientError, UnexpectedAnswerError) as error:
        raise NoAccessError(f"AWS does not say who is asking: {_brief(error)}") from None
    return client, str(account)
