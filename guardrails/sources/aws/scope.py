"""What a mapping asks AWS through: one service of one region of one account, with every failure kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError
from msgspec import Struct, field

from guardrails.model import Gap, LiveLocation, Mode, Problem, UnknownValue, Value
from guardrails.sources.aws.collector import ACCOUNT, TAGS, Answer, Call, Mapper, Part, Service
from guardrails.sources.aws.record import Record
from guardrails.sources.aws.session import Client, Limits, Session, UnexpectedAnswerError
from guardrails.sources.aws.shape import tags_of

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Client.UnauthorizedOperation",
        "ForbiddenException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
        "403",
    }
)
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "429",
    }
)
_DISABLED = frozenset({"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"})
_TOKENS = (  # how an answer says that there is more, and how the next question repeats it
    ("NextToken", "NextToken"),
    ("nextToken", "nextToken"),
    ("Marker", "Marker"),
    ("NextMarker", "Marker"),
)
# What mappings raise over an answer that is not as AWS documents it; a generator's `next` gives a RuntimeError.
_MALFORMED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_DEAD_AFTER = 2  # connections that fail through all their retries before a unit gives up

T = TypeVar("T")
R = TypeVar("R")


class Outcome(Struct):
    """What one unit brought home."""

    records: list[Record] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    """Requests by IAM action, pages counted, retries not."""


class CallFailedError(Exception):
    """A call that brought no answer; its text is the reason, such as `AccessDenied: ec2:DescribeVpcs in eu-west-1`."""


class Scope:
    """One service of one region of one account. Safe for the threads of its own mappings."""

    def __init__(self, session: Session, service: Service, account: str, region: str, limits: Limits) -> None:
        self.account = account
        self.region = region
        self.partition = session.partition(region)
        self.outcome = Outcome()
        self._session = session
        self._service = service
        self._limits = limits
        self._deadline = time.monotonic() + limits.unit
        self._lock = threading.Lock()
        self._failed: set[tuple[str, frozenset[str]]] = set()
        self._unreachable = 0
        self._seen: set[str] = set()
        self._tagging = threading.Lock()
        self._asking = threading.Lock()
        self._once: dict[str, Answer | UnknownValue] = {}
        self._tags: dict[tuple[str, str], dict[str, Any]] = {}
        self.memory: dict[str, Any] = {}
        """For a service's parts, which run in order: what a later one needs of an earlier one."""

    # What mappings call

    def every(self, call: Call, *, region: str = "", **params: Any) -> Iterator[Answer]:
        """The items of every page. Raises `CallFailedError` after those that could be had."""
        for page in self._pages(call, region or self.region, params):
            if not call.items:
                yield page
                continue
            found: Any = page
            for step in call.items.split("."):
                found = found.get(step) if isinstance(found, Mapping) else None
            yield from found or ()

    def read(self, call: Call, *, gap: tuple[str, ...] = (), region: str = "", **params: Any) -> Answer | UnknownValue:
        """One answer about one thing; empty where AWS says that there is none.

        A call that failed is told as a problem and gives an unknown value with the reason. `gap` names types
        of which one may be missing then.
        """
        try:
            return next(iter(self._pages(call, region or self.region, params)), {})
        except CallFailedError as error:
            self.failed(str(error), gap)
            return UnknownValue(str(error))

    def once(self, call: Call) -> Answer | UnknownValue:
        """As `read`, for what is the same for every item: asked when the first of them needs it."""
        with self._asking:
            if call.name not in self._once:
                self._once[call.name] = self.read(call)
            return self._once[call.name]

    def items(self, call: Call, *, gap: tuple[str, ...] = (), region: str = "", **params: Any) -> list[Any]:
        """As `every`, for a detail: what could be had, and an unknown element that stands for the rest."""
        found: list[Any] = []
        try:
            found.extend(self.every(call, region=region, **params))
        except CallFailedError as error:
            self.failed(str(error), gap)
            found.append(UnknownValue(str(error), many=True))
        return found

    def tags(self, kind: str, arn: str, *, region: str = "") -> dict[str, Value]:
        """`tags` and `tags_all` of a resource whose own answers have none, from one list of all of its kind.

        `kind` is the tagging service's name of it, such as `lambda:function`. Needs `TAGS` among the part's details.
        """
        where = region or self.region
        with self._tagging:
            if (kind, where) not in self._tags:
                found: dict[str, Any] = {}
                try:
                    for item in self.every(TAGS, region=where, ResourceTypeFilters=[kind]):
                        found[item["ResourceARN"]] = item.get("Tags", [])
                except CallFailedError as error:
                    self.failed(str(error))
                    found[""] = UnknownValue(str(error))
                self._tags[kind, where] = found
        of_kind = self._tags[kind, where]
        mine = of_kind.get(arn, of_kind.get("", []))
        return {"tags": mine, "tags_all": mine} if isinstance(mine, UnknownValue) else tags_of(mine)

    def careful(self, mapper: Mapper, item: Any, part: Part) -> Iterator[Record]:
        """The records of one thing; where AWS did not say what it should, those until then and a gap."""
        try:
            yield from mapper(self, item)
        except CallFailedError as error:
            self.failed(str(error), part.types)
        except _MALFORMED as error:
            what = f"{type(error).__name__}: {error}"[:200]
            self.failed(f"unexpected answer: {part.list.name} in {self._place()}: {what}", part.types)

    def first(self, what: str) -> bool:
        """Whether nobody has asked about this before: for what several items refer to."""
        with self._lock:
            if what in self._seen:
                return False
            self._seen.add(what)
            return True

    def each(self, function: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """The function of each thing, in order, side by side."""
        with ThreadPoolExecutor(self._limits.threads) as pool:
            yield from pool.map(function, things)

    def record(
        self,
        type_: str,
        name: str,
        values: Mapping[str, Any],
        *,
        arn: str = "",
        region: str = "",
        unique: bool = False,
        mode: Mode = "managed",
    ) -> Record:
        """A record. An attribute that is None is known to be absent; one that is left out was not collected.

        `unique` marks a name that is unique in all regions, such as an id that AWS gave.
        """
        where = region or self.region
        kept: dict[str, Value] = dict(values)
        kept.setdefault("id", name)
        if arn:
            kept.setdefault("arn", arn)
        elif isinstance(own := kept.get("arn"), str):
            arn = own
        key = "" if unique or self._service.where != "regional" else where
        if not isinstance(name, str):
            raise TypeError(f"the name of an {type_} is not a string")
        return Record(type_, name, kept, self.account, where, arn, key, mode)

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """`arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0abc`."""
        where = self.region if region is None else region
        owner = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{owner}:{resource}"

    def failed(self, reason: str, types: Iterable[str] = ()) -> None:
        """Keep a failure: once as a problem, and as a gap where things of these types may be missing."""
        place = LiveLocation(self.arn(self._service.name, ""), self.account, self.region)
        missing = frozenset(types)
        with self._lock:
            if (reason, frozenset()) not in self._failed:
                self._failed.add((reason, frozenset()))
                self.outcome.problems.append(Problem("collect", reason, place))
            if missing and (reason, missing) not in self._failed:
                self._failed.add((reason, missing))
                self.outcome.gaps.append(Gap(reason, missing, place))

    def unseen(self, reason: str, types: Iterable[str]) -> None:
        """Keep that things of these types may be missing where no permission could change it: a gap, no problem."""
        place = LiveLocation(self.arn(self._service.name, ""), self.account, self.region)
        with self._lock:
            self.outcome.gaps.append(Gap(reason, frozenset(types), place))

    # What runs them

    def run(self, part: Part) -> None:
        """Add the records of one part; whatever goes wrong is kept and ends no other part."""

        def mapped(item: Answer) -> list[Record]:
            return list(self.careful(part.map, item, part))

        answers: list[Answer] = []
        try:
            for answer in self.every(part.list):
                if part.parallel:
                    answers.append(answer)
                else:
                    self.outcome.records += mapped(answer)
        except CallFailedError as error:
            self.failed(str(error), part.types)
        except _MALFORMED as error:  # an answer whose list is no list
            what = f"{type(error).__name__}: {error}"[:200]
            self.failed(f"unexpected answer: {part.list.name} in {self._place()}: {what}", part.types)
        for records in self.each(mapped, answers):
            self.outcome.records += records

    def _place(self, region: str = "") -> str:
        where = region or self.region
        return f"{where} of {self.account}" if self.account else where

    def _pages(self, call: Call, region: str, params: Mapping[str, Any]) -> Iterator[Answer]:
        where = f"{call.name} in {self._place(region)}"
        self._check(where, region)
        try:
            client = self._session.client(call.client, region, self._service.rate)
            asked = {k: self.account if v == ACCOUNT else v for k, v in {**call.params, **params}.items()}
            for page in _pages(client, call, asked):
                self._answered(call, region)
                yield page
                self._check(where, region)
        except CallFailedError:
            raise
        except ClientError as error:  # AWS answered, if only to say no
            self._answered(call, region)
            code = str(error.response.get("Error", {}).get("Code", ""))
            if error.operation_name != call.operation:  # that of the credentials, which botocore asks for first
                where = f"sts:{error.operation_name} for {where}"
            elif code in call.absent:
                return
            raise CallFailedError(self._reason(where, code, error)) from error
        except HTTPClientError as error:  # no connection, none in time, or one that broke
            self._unanswered(region)
            raise CallFailedError(f"no answer: {where}: {_brief(error)}") from error
        except UnexpectedAnswerError as error:
            raise CallFailedError(f"unexpected answer: {where}: {error}") from error
        except Exception as error:  # botocore's parsers raise anything over an answer that is not AWS's
            raise CallFailedError(f"failed: {where}: {_brief(error)}") from error

    def _answered(self, call: Call, region: str) -> None:
        self._session.reachable(region, True)
        with self._lock:
            self.outcome.calls[call.name] = self.outcome.calls.get(call.name, 0) + 1
            self._unreachable = 0

    def _unanswered(self, region: str) -> None:
        self._session.reachable(region, False)
        with self._lock:
            self._unreachable += 1

    def _check(self, where: str, region: str) -> None:
        if self._unreachable >= _DEAD_AFTER:
            raise CallFailedError(f"not asked: {where}: the service does not answer")
        if self._session.is_dead(region):
            raise CallFailedError(f"not asked: {where}: the region does not answer")
        if time.monotonic() > self._deadline:
            raise CallFailedError(f"not asked: {where}: the time limit of {self._limits.unit:g} s is over")

    def _reason(self, where: str, code: str, error: ClientError) -> str:
        if code in _DENIED:
            return f"AccessDenied: {where}"
        if code in _THROTTLED:
            return f"throttled through {self._limits.attempts} attempts: {where}"
        if code in _DISABLED:
            return f"region or service is not enabled ({code}): {where}"
        return f"{code or 'error'}: {where}: {_brief(error)}"


def _pages(client: Client, call: Call, params: Mapping[str, Any]) -> Iterator[Any]:
    """Every page of an answer, whether botocore knows how to page through the operation or not."""
    method = xform_name(call.operation)
    if client.can_paginate(method):
        yield from client.get_paginator(method).paginate(**params)
        return
    asked, seen = dict(params), set()
    while True:
        answer = getattr(client, method)(**asked)
        yield answer
        takes = client.meta.service_model.operation_model(call.operation).input_shape
        for given, wanted in _TOKENS:
            token = answer.get(given)
            if token and takes is not None and wanted in takes.members and token not in seen:
                seen.add(token)
                asked[wanted] = token
                break
        else:
            return


def _brief(error: Exception) -> str:
    """The first line of an error, without the addresses and bodies that some carry."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
