from __future__ import annotations

from collections.abc import Iterator

import pytest

from guardrails.sources.aws.session import forget_sessions
from tests.sources.aws import simulator
from tests.sources.aws.simulator import Proxy


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """One server for all tests of a process."""
    with simulator.moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def proxy_to_moto(moto_url: str) -> Iterator[Proxy]:
    """The proxy before it."""
    with simulator.proxy(Proxy(upstream=moto_url.removeprefix("http://"))) as settings:
        yield settings


@pytest.fixture(scope="session")
def proxy_to_nobody() -> Iterator[Proxy]:
    """A proxy before nothing."""
    with simulator.proxy(Proxy()) as settings:
        yield settings


@pytest.fixture
def nobody(proxy_to_nobody: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """An AWS that does nothing but fail."""
    return _connected(proxy_to_nobody, monkeypatch)


@pytest.fixture
def aws(moto_url: str, proxy_to_moto: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """An empty simulated account, behind the proxy."""
    simulator.reset(moto_url)
    return _connected(proxy_to_moto, monkeypatch)


def _connected(settings: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    for name, value in simulator.environment(settings.url).items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    settings.fault = lambda _: ""
    settings.latency = 0
    settings.crowd = None
    settings.canned = {}
    settings.seen.clear()
    if _last.url != settings.url:  # sessions are kept: their clients take longer to make than the tests to run
        forget_sessions()
        _last.url = settings.url
    return settings


class _Last:
    url = ""


_last = _Last()
