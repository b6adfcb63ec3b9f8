"""Reads live accounts: accounts x regions x services fan out over an executor, one account in memory at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError
from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.model import Gap, LiveLocation, Model, Problem, Resources
from guardrails.sources.aws.collector import Call, Service, Where
from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.record import Record, resource_of
from guardrails.sources.aws.scope import CallFailedError, Outcome, Scope
from guardrails.sources.aws.session import Access, Limits, session_for
from guardrails.sources.live import Providers

GET_CALLER = Call("sts", "GetCallerIdentity")
LIST_REGIONS = Call("ec2", "DescribeRegions", "Regions")
LIST_ACCOUNTS = Call("organizations", "ListAccounts", "Accounts")

_GLOBAL_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-eusc": "eusc-de-east-1",
}
_ACCOUNT_ID = re.compile(r"\d{12}")
_FRONT = Service("audit", ())  # asks what the audit itself has to know


class Options(Struct, frozen=True):
    """What to read, and as whom."""

    access: Access = field(default_factory=Access)
    regions: tuple[str, ...] = ()
    """Empty: every region that is enabled in the account."""
    services: tuple[str, ...] = ()
    """Empty: all of them."""
    org_role: str = ""
    """The name of the role to assume in each member account; empty: this account alone."""
    skip: frozenset[str] = frozenset()
    """Accounts that are not read: those that an earlier run saved."""
    limits: Limits = field(default_factory=Limits)


class Progress(Struct, frozen=True):
    """How far an audit is."""

    account: str
    done: int
    total: int
    unit: str
    """What was read last, such as `ec2 in eu-west-1`."""
    calls: int
    """Requests of this account so far."""


class Unit(Struct, frozen=True):
    """A piece of work: one service of one region of one account. Plain data: it travels between machines."""

    access: Access
    service: str
    where: Where
    """Which of the service's parts."""
    account: str
    region: str
    limits: Limits
    regions: tuple[str, ...] = ()
    """Those that the user asked for, for a global service whose resources have regions; empty: all."""

    def __str__(self) -> str:
        return f"{self.service} in {self.region}" if self.where == "regional" else self.service


class NoAccessError(Exception):
    """AWS cannot be asked at all: there are no credentials, or they are not accepted."""


def run_unit(unit: Unit) -> Outcome:
    """Collect one unit. Never raises: what goes wrong is in the outcome."""
    service = services()[unit.service]
    try:
        scope = Scope(session_for(unit.access, unit.limits), service, unit.account, unit.region, unit.limits)
    except Exception as error:  # no client can be made: a broken configuration, an unknown profile
        return _lost(unit, f"{type(error).__name__}: {error}")
    scope.memory["regions"] = unit.regions
    for part in service.parts:
        if (part.where or service.where) == unit.where:
            scope.run(part)
    return scope.outcome


def collect(
    options: Options, executor: Executor, progress: Callable[[Progress], None] | None = None
) -> Iterator[Model]:
    """One model per account, as they are done. Raises `NoAccessError` where not even the first account answers."""
    caller = _caller(options)
    if not options.org_role:
        yield _collect_account(options, _Account(caller.account, options.access, caller.home, True), executor, progress)
        return
    for account in _accounts(options, caller):
        if account not in options.skip:
            first = account == caller.account
            access = options.access
            if not first:
                role = f"arn:{caller.partition}:iam::{account}:role/{options.org_role}"
                access = replace(access, then_role_arn=role)
            yield _collect_account(options, _Account(account, access, caller.home, first), executor, progress)


class _Caller(Struct, frozen=True):
    account: str
    partition: str
    home: str
    """The region that global services answer from."""


def _caller(options: Options) -> _Caller:
    try:
        session = session_for(options.access, options.limits)
        if not session.has_credentials():
            raise NoAccessError("no AWS credentials were found (environment, profile, instance role)")
        region = (options.regions or (session.default_region() or "us-east-1",))[0]
        scope = Scope(session, _FRONT, "", region, options.limits)
        answer = next(iter(scope.every(GET_CALLER)))
    except (BotoCoreError, CallFailedError) as error:
        raise NoAccessError(f"AWS does not say who is asking: {error}") from error
    account, arn = answer.get("Account"), answer.get("Arn")
    if not isinstance(account, str) or not _ACCOUNT_ID.fullmatch(account) or not isinstance(arn, str):
        raise NoAccessError("AWS does not say who is asking: unexpected answer")
    partition = arn.split(":")[1]
    return _Caller(account, partition, _GLOBAL_REGIONS.get(partition, region))


def _accounts(options: Options, caller: _Caller) -> Iterator[str]:
    scope = Scope(session_for(options.access, options.limits), _FRONT, caller.account, caller.home, options.limits)
    found = False
    try:
        for account in scope.every(LIST_ACCOUNTS):
            if account.get("Status") == "ACTIVE" and _ACCOUNT_ID.fullmatch(str(account.get("Id"))):
                found = True
                yield account["Id"]
    except CallFailedError as error:
        raise NoAccessError(f"the organisation's accounts cannot be listed: {error}") from error
    if not found:
        raise NoAccessError("the organisation has no active account")


class _Account(Struct, frozen=True):
    """One account to read."""

    id: str
    access: Access
    home: str
    """The region that global services answer from."""
    first: bool
    """Whether it is the caller's own."""


def _collect_account(
    options: Options, account: _Account, executor: Executor, progress: Callable[[Progress], None] | None
) -> Model:
    whole = Outcome()
    if not account.first and (reason := _closed(options, account)):
        place = LiveLocation(f"arn:aws:iam::{account.id}:root", account.id, account.home)
        whole.problems.append(Problem("collect", reason, place))
        whole.gaps.append(Gap(reason, frozenset(), place))
        return model_of(account.id, whole)
    whole.gaps += [*_left_out(options), *_of_organization(options, account)]
    regions = options.regions or _regions(options, account, whole)
    units = list(_units(options, account, regions))
    calls = 0
    for done, (unit, outcome) in enumerate(_run(units, executor, options.limits), 1):
        whole.records += outcome.records
        whole.gaps += outcome.gaps
        whole.problems += outcome.problems
        calls += sum(outcome.calls.values())
        if progress:
            progress(Progress(account.id, done, len(units), str(unit), calls))
    return model_of(account.id, whole)


def _of_organization(options: Options, account: _Account) -> Iterator[Gap]:
    """What a member account's model does not tell, since its organisation's is read with the first account alone."""
    if not account.first:
        for name in options.services or tuple(services()):
            service = services()[name]
            for part in service.parts:
                if (part.where or service.where) == "organization":
                    yield Gap(
                        "the organisation is told of with the account that was asked for it", frozenset(part.types)
                    )


def _left_out(options: Options) -> list[Gap]:
    """What nothing is known of because the user named the services to read."""
    read = {type_ for name in options.services for type_ in services()[name].types}
    left = {name: service.types - read for name, service in services().items() if name not in options.services}
    if not options.services:
        return []
    return [Gap(f"{name} was not asked for", types, chosen=True) for name, types in left.items() if types]


def _closed(options: Options, account: _Account) -> str:
    """Why an account cannot be entered, or nothing: asked once, not by every call."""
    try:
        session = session_for(account.access, options.limits)
        answer = next(iter(Scope(session, _FRONT, account.id, account.home, options.limits).every(GET_CALLER)))
    except (BotoCoreError, CallFailedError) as error:
        return f"{error}: nothing of the account is read"
    if answer.get("Account") != account.id:
        return f"unexpected answer: {GET_CALLER.name} in {account.home} of {account.id}: another account answers"
    return ""


def model_of(account: str, outcome: Outcome) -> Model:
    """The model of one account, in an order that does not depend on who answered first."""
    providers = Providers()
    seen: dict[str, Record] = {}
    for record in outcome.records:
        seen.setdefault(record.address, record)
    records = sorted(seen.values(), key=lambda record: (record.type, record.name, record.key))
    model = Model(
        account,
        "account",
        Resources(resource_of(record, providers) for record in records),
        gaps=sorted(outcome.gaps, key=lambda gap: (gap.reason, sorted(gap.types))),
        problems=sorted(outcome.problems, key=lambda problem: problem.message),
    )
    model.cache["collected"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return model


def _regions(options: Options, account: _Account, whole: Outcome) -> tuple[str, ...]:
    scope = Scope(session_for(account.access, options.limits), _FRONT, account.id, account.home, options.limits)
    try:
        found = tuple(sorted(region["RegionName"] for region in scope.every(LIST_REGIONS)))
        if found:
            return found
        reason = f"unexpected answer: {LIST_REGIONS.name}: no region is enabled"
    except CallFailedError as error:
        reason = str(error)
    place = LiveLocation(scope.arn("ec2", ""), account.id, account.home)
    reason = f"{reason}: only {account.home} is read"
    whole.problems.append(Problem("collect", reason, place))
    whole.gaps.append(Gap(reason, frozenset(), place))
    return (account.home,)


def _units(options: Options, account: _Account, regions: Sequence[str]) -> Iterator[Unit]:
    known = services()
    for name in options.services or tuple(known):
        service = known[name]
        wanted: dict[Where, None] = {(part.where or service.where): None for part in service.parts}
        for where in wanted:
            if where == "organization" and not account.first:
                continue  # the management account tells of the organisation once
            for region in regions if where == "regional" else (account.home,):
                yield Unit(account.access, name, where, account.id, region, options.limits, options.regions)


def _run(units: Sequence[Unit], executor: Executor, limits: Limits) -> Iterator[tuple[Unit, Outcome]]:
    """Each unit with its outcome, in the order in which they end."""
    # Units that take longest start first, so that none of them is alone at the end.
    pending: dict[Future[Outcome], Unit] = {}
    lost: list[tuple[Unit, str]] = []
    for unit in sorted(units, key=lambda u: u.where == "regional"):
        try:
            pending[executor.submit(run_unit, unit)] = unit
        except RuntimeError as error:  # a pool that broke
            lost.append((unit, str(error)))
    last = time.monotonic()
    while pending:
        ended, _ = wait(pending, timeout=5, return_when=FIRST_COMPLETED)
        if not ended and time.monotonic() - last > limits.unit + 60:
            lost += [(unit, "it does not end") for unit in pending.values()]
            for future in pending:
                future.cancel()
            break
        for future in ended:
            last = time.monotonic()
            unit = pending.pop(future)
            broken = future.exception()
            yield unit, _lost(unit, f"{type(broken).__name__}: {broken}") if broken else future.result()
    for unit, why in lost:
        yield unit, _lost(unit, why)


def _lost(unit: Unit, why: str) -> Outcome:
    service = services()[unit.service]
    types = frozenset(t for p in service.parts if (p.where or service.where) == unit.where for t in p.types)
    reason = f"not read: {unit} of {unit.account}: {why[:300]}"
    place = LiveLocation(f"arn:aws:{unit.service}:{unit.region}:{unit.account}:", unit.account, unit.region)
    return Outcome(gaps=[Gap(reason, types, place)], problems=[Problem("collect", reason, place)])
