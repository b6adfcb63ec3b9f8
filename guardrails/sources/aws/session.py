"""Sessions with AWS: credentials, clients, retries, time limits, and a cap on the rate of requests."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Literal, Protocol

from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import UnknownRegionError
from botocore.loaders import Loader
from botocore.session import Session as BotocoreSession
from msgspec import Struct

from guardrails import __version__


class Access(Struct, frozen=True):
    """How to come by credentials. Holds none itself, so that it can be sent to another machine."""

    profile: str = ""
    """A profile of the AWS configuration; empty: what the usual chain finds."""
    role_arn: str = ""
    """A role to assume with them."""
    external_id: str = ""
    then_role_arn: str = ""
    """A second role to assume with those of the first: that of an organisation's member account."""


class Limits(Struct, frozen=True):
    """What bounds the time that AWS can take, in seconds, and the calls that it is asked."""

    connect: float = 5.0
    read: float = 30.0
    attempts: int = 8
    """Of one call, the first one included. botocore waits between them, 20 s at most."""
    mode: Literal["adaptive", "standard"] = "adaptive"
    """botocore's: adaptive also asks less often while AWS throttles."""
    unit: float = 900.0
    """For one service of one region of one account."""
    pace: float = 1.0
    """A factor on the rates of requests that the services declare."""
    threads: int = 8
    """Of one unit, for what AWS only tells one resource at a time."""


# What botocore warns of comes back as an error and is told as such; without a handler Python would print it as well.
logging.getLogger("botocore").addHandler(logging.NullHandler())

_DEAD_AFTER = 8  # calls without an answer: those of four units, each of which gives up after two


class Client(Protocol):
    """The part of a botocore client that collectors use."""

    meta: Any

    def can_paginate(self, operation_name: str) -> bool:
        """Whether botocore knows how to page through an operation."""
        ...

    def get_paginator(self, operation_name: str) -> Any:
        """Its paginator."""
        ...


class RateLimiter:
    """A token bucket: `rate` permits a second, and a burst of one second's worth."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._lock = threading.Lock()
        self._free_at = 0.0

    def delay(self) -> float:
        """Take a permit; the seconds to wait before it may be used."""
        with self._lock:
            now = self._now()
            # The next permit's time may lag one second behind: that is the burst.
            self._free_at = max(self._free_at, now - 1.0) + 1.0 / self._rate
            return max(0.0, self._free_at - now)

    def wait(self, **_: object) -> None:
        """Take a permit and wait until it may be used. Shaped as a botocore event handler."""
        delay = self.delay()
        if delay > 0:
            time.sleep(delay)


class UnexpectedAnswerError(Exception):
    """An answer that is not AWS's, or not one to this question."""


class Session:
    """Clients of one account, made once each and shared by threads."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self._limits = limits
        self._session = _credentials_session(access)
        self._clients: dict[tuple[str, str], Client] = {}
        self._silence: dict[str, int] = {}
        self._lock = threading.Lock()

    def client(self, name: str, region: str, rate: float) -> Client:
        """A client of a service in a region that asks `rate` times a second at most, retries included.

        Raises what botocore raises where there is no such service or region.
        """
        key = (name, region)
        with self._lock:  # botocore's create_client is not safe for threads
            if key not in self._clients:
                client = self._session.create_client(name, region_name=region, config=_config(self._limits))
                limiter = RateLimiter(rate * self._limits.pace)
                client.meta.events.register("before-send", limiter.wait)
                client.meta.events.register("after-call", _expect_genuine)
                self._clients[key] = client
            return self._clients[key]

    def reachable(self, region: str, answered: bool) -> None:
        """Take note that a service of a region answered, or that it did not through all attempts."""
        with self._lock:
            self._silence[region] = 0 if answered else self._silence.get(region, 0) + 1

    def is_dead(self, region: str) -> bool:
        """Whether so many calls in a row had no answer that asking further ones there would waste time."""
        return self._silence.get(region, 0) >= _DEAD_AFTER

    def partition(self, region: str) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`, ...; `aws` for a region that botocore does not know."""
        try:
            name: str = self._session.get_partition_for_region(region)
        except UnknownRegionError:
            return "aws"
        return name

    def default_region(self) -> str:
        """The region of the profile or the environment, or nothing."""
        return self._session.get_config_variable("region") or ""

    def has_credentials(self) -> bool:
        """Whether the chain finds any."""
        return self._session.get_credentials() is not None


_REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id")  # of which every answer of AWS has one


def _expect_genuine(http_response: Any, parsed: Any, model: Any, **_: object) -> None:
    """Refuse a successful answer that does not speak AWS's protocol. A botocore event handler.

    botocore takes any JSON or XML and leaves out what it does not find, so that the page of a captive portal would
    read as "there are none".
    """
    if http_response.status_code >= 300 or model.has_streaming_output or model.output_shape is None:
        return
    if not isinstance(parsed, Mapping):
        raise UnexpectedAnswerError("it is not an object")
    if any(parsed.get(name) for name in model.output_shape.members):
        return
    if any(name in http_response.headers for name in _REQUEST_IDS):
        return
    body = http_response.content.strip()
    protocol = model.service_model.resolved_protocol  # the one that botocore speaks of those that a service offers
    if "cbor" in protocol:
        genuine = http_response.headers.get("smithy-protocol") == "rpc-v2-cbor"
    elif "json" in protocol:
        genuine = _has_members(body, model.output_shape)
    elif "xml" in protocol:
        genuine = b"amazonaws.com/" in body[:1000]
    else:  # query and ec2
        genuine = f"<{model.name}Response".encode() in body[:1000]
    if not genuine:
        raise UnexpectedAnswerError("it is not in AWS's protocol")


def _has_members(body: bytes, shape: Any) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    known = {member.serialization.get("name", name) for name, member in shape.members.items()}
    return isinstance(answer, dict) and not known.isdisjoint(answer)


def session_for(access: Access, limits: Limits) -> Session:
    """The session of this process for an account, made once, whichever thread is first.

    Two are kept, as the clients of one account take a quarter of a gigabyte: that of the caller, whose calls list the
    accounts, and that of the account which is read.
    """
    with _making:
        return _made(access, limits)


def forget_sessions() -> None:
    """Make them anew, as where the environment has changed."""
    _made.cache_clear()


_making = threading.Lock()


@lru_cache(maxsize=2)
def _made(access: Access, limits: Limits) -> Session:
    return Session(access, limits)


@cache
def _loader() -> Any:
    """The descriptions of AWS's services, which are large and the same for all accounts."""
    return Loader()


def _new_session(profile: str | None) -> Any:
    session = BotocoreSession(profile=profile)
    session.register_component("data_loader", _loader())
    return session


def _config(limits: Limits) -> Any:
    return Config(
        connect_timeout=limits.connect,
        read_timeout=limits.read,
        retries={"mode": limits.mode, "total_max_attempts": limits.attempts},
        max_pool_connections=max(10, limits.threads * 2),
        user_agent_extra=f"guardrails/{__version__}",
    )


def _credentials_session(access: Access) -> Any:
    session = _new_session(access.profile or None)
    extra: Mapping[str, str] = {"ExternalId": access.external_id} if access.external_id else {}
    for role in (access.role_arn, access.then_role_arn):
        if role:
            session = _assume(session, role, extra)
            extra = {}
    return session


def _assume(source: Any, role_arn: str, extra: Mapping[str, str]) -> Any:
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=source.create_client,
        source_credentials=source.get_credentials(),
        role_arn=role_arn,
        extra_args={"RoleSessionName": "guardrails", **extra},
    )
    session = _new_session(source.profile)
    session._credentials = DeferredRefreshableCredentials(  # as botocore.credentials does
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return session
