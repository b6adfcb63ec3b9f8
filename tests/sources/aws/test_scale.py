from __future__ import annotations

import gc
import heapq
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from guardrails.model import Model, Resources
from guardrails.sources.aws.audit import Options, Progress, collect
from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.executor import ExecutorError, executor_for
from guardrails.sources.aws.saving import Parts
from guardrails.sources.aws.scope import Outcome
from guardrails.sources.aws.session import Limits, RateLimiter
from guardrails.sources.snapshot import read_snapshot
from tests.sources.aws.simulator import Proxy

LIMITS = Limits(connect=10, read=30, attempts=1, pace=1000, mode="standard")
REGIONS = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
LONG = os.environ.get("GUARDRAILS_LONG") == "1"


def _client(name: str, **more: Any) -> Any:
    return _session().create_client(name, region_name="us-east-1", **more)


@cache
def _session() -> Any:
    """One for all: it keeps the models of the services, which take long to load."""
    return botocore.session.Session()


SIDE_BY_SIDE = ("vpc", "ec2", "transit", "rds")


def test_regions_and_services_are_read_side_by_side(aws: Proxy) -> None:
    """With 32 threads, 32 calls are under way at once, and each list is asked for once."""
    aws.fault = lambda asked: "" if asked.service == "sts" else "denied"  # an answer like any other, and a quick one
    aws.crowd = crowd = threading.Barrier(32, timeout=60)  # no call is answered before 32 are asked
    options = Options(regions=REGIONS, services=SIDE_BY_SIDE, limits=LIMITS)

    with executor_for("threads:32") as executor:
        [model] = collect(options, executor)

    assert not crowd.broken
    lists = [part.list for name in SIDE_BY_SIDE for part in services()[name].parts]
    assert sum(count for one, count in aws.seen.items() if one.service != "sts") == len(lists) * len(REGIONS)
    assert len(model.problems) == len({call.name for call in lists}) * len(REGIONS)


class _Timetable(Executor):
    """Runs nothing, and says when 32 threads would be done if every call took as long as any other."""

    def __init__(self) -> None:
        self._free = [0] * 32
        self.calls = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        [unit] = args
        service = services()[unit.service]
        calls = sum((part.where or service.where) == unit.where for part in service.parts)
        heapq.heappush(self._free, heapq.heappop(self._free) + calls)
        self.calls += calls
        done: Future[Any] = Future()
        done.set_result(Outcome())
        return done

    @property
    def end(self) -> int:
        return max(self._free)


def test_no_unit_is_so_long_that_the_others_wait_for_it(aws: Proxy) -> None:
    """Where each call takes as long as any other, 17 regions are read at least 8 times faster than in turn."""
    timetable = _Timetable()

    list(collect(Options(regions=REGIONS, limits=LIMITS), timetable))

    assert timetable.calls >= 8 * timetable.end


def test_requests_are_capped() -> None:
    """A burst of one second's worth is free; then each has to wait for its turn."""
    limiter = RateLimiter(10, now=lambda: 100.0)

    delays = [limiter.delay() for _ in range(13)]

    assert [round(delay, 3) for delay in delays] == [*[0.0] * 10, 0.1, 0.2, 0.3]


def test_progress_is_told(aws: Proxy) -> None:
    """How many units are done of how many, and what was read last."""
    steps: list[Progress] = []

    with ThreadPoolExecutor(4) as executor:
        list(collect(Options(regions=("us-east-1",), services=("sqs", "sns"), limits=LIMITS), executor, steps.append))

    assert [(step.done, step.total) for step in steps] == [(1, 2), (2, 2)]
    assert {step.unit for step in steps} == {"sqs in us-east-1", "sns in us-east-1"}
    assert steps[-1].account == "123456789012"


def test_an_executor_that_is_none_is_refused() -> None:
    """With what can be written instead."""
    for where in ("ray://a:1", "threads:0", "threads:x"):
        with pytest.raises(ExecutorError, match=r"write threads, threads:N or dask://HOST:PORT"), executor_for(where):
            pass


def _organization(count: int) -> list[str]:
    """The accounts of an organisation, each with a queue named for it."""
    organizations = _client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    accounts = ["123456789012"]
    for number in range(count - 1):
        answer = organizations.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")
        accounts.append(answer["CreateAccountStatus"]["AccountId"])
    for account in accounts:
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        given = _client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        _client(
            "sqs",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        ).create_queue(QueueName=f"jobs-{account}")
    return accounts


ORGANIZATION = Options(
    regions=("us-east-1",), services=("sqs",), org_role="OrganizationAccountAccessRole", limits=LIMITS
)


def test_an_organization_is_read_one_account_in_memory(aws: Proxy) -> None:
    """Every account gives its own model, and the one before is free when the next one comes."""
    accounts = _organization(1000 if LONG else 8)
    found: list[str] = []
    before: weakref.ref[Model] | None = None

    with ThreadPoolExecutor(8) as executor:
        for model in collect(ORGANIZATION, executor):
            gc.collect()
            assert before is None or before() is None
            [queue] = model.all("aws_sqs_queue")
            assert queue.name == f"jobs-{model.name}"
            found.append(model.name)
            before = weakref.ref(model)
            del model, queue

    assert sorted(found) == sorted(accounts)


def test_a_killed_run_goes_on_where_it_was(aws: Proxy, tmp_path: Path) -> None:
    """What it had saved is not asked for again, and the snapshot holds every account once."""
    accounts = _organization(8)
    path = tmp_path / "org.json.gz"

    with ThreadPoolExecutor(4) as executor:
        first = Parts(path, ORGANIZATION).keep(collect(ORGANIZATION, executor))
        for _ in range(5):
            next(first)
        first.close()  # as good as a signal: nothing after the fifth account happens
    assert not path.exists()
    aws.seen.clear()

    parts = Parts(path, ORGANIZATION)
    with ThreadPoolExecutor(4) as executor:
        seen = [model.name for model in parts.keep(collect(parts.options(ORGANIZATION), executor))]
    assert parts.finish() == 8

    assert sorted(seen) == sorted(accounts)
    assert sorted(model.name for model in read_snapshot(path)) == sorted(accounts)
    assert sum(count for asked, count in aws.seen.items() if asked.operation == "ListQueues") == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["org.json.gz"]


def test_a_run_of_many_hours_loses_no_account(tmp_path: Path) -> None:
    """What was fresh when it began, and what it saved itself, is in the snapshot at its end."""
    path = tmp_path / "org.json.gz"
    list(Parts(path, ORGANIZATION).keep([Model("111122223333", "account", Resources([]))]))
    parts = Parts(path, ORGANIZATION)
    list(parts.keep([Model("444455556666", "account", Resources([]))]))
    for part in tmp_path.glob("*.parts/*"):
        os.utime(part, (0, 0))

    assert parts.finish() == 2
    assert [model.name for model in read_snapshot(path)] == ["111122223333", "444455556666"]


def test_what_an_old_run_saved_is_read_again(tmp_path: Path) -> None:
    """An account that was saved more than twelve hours ago is not taken over."""
    path = tmp_path / "org.json.gz"
    list(Parts(path, ORGANIZATION).keep([Model("111122223333", "account", Resources([]))]))
    for part in tmp_path.glob("*.parts/*"):
        os.utime(part, (time.time() - 13 * 3600,) * 2)

    assert Parts(path, ORGANIZATION).done() == frozenset()


def test_a_run_that_asks_otherwise_starts_anew(tmp_path: Path) -> None:
    """Accounts that another selection of services saved are not taken over."""
    path = tmp_path / "org.json.gz"
    list(Parts(path, ORGANIZATION).keep([Model("123456789012", "account", Resources([]))]))

    assert Parts(path, ORGANIZATION).done() == {"123456789012"}
    assert Parts(path, Options(services=("sqs", "sns"))).done() == frozenset()


def test_an_account_that_cannot_be_entered_is_told(aws: Proxy) -> None:
    """Its role cannot be assumed: its model says so, and the others are read."""
    accounts = _organization(3)
    aws.fault = lambda asked: "denied" if asked.operation == "AssumeRole" else ""

    with ThreadPoolExecutor(4) as executor:
        models = {model.name: model for model in collect(ORGANIZATION, executor)}

    assert sorted(models) == sorted(accounts)
    assert [queue.name for queue in models["123456789012"].all()] == ["jobs-123456789012"]
    for account in accounts[1:]:
        assert list(models[account].all()) == []
        assert [gap.types for gap in models[account].gaps] == [frozenset()]
        [problem] = models[account].problems
        assert problem.message == (
            f"AccessDenied: sts:AssumeRole for sts:GetCallerIdentity in us-east-1 of {account}: "
            "nothing of the account is read"
        )


@pytest.fixture
def cluster() -> Iterator[str]:
    """A real Dask cluster of two processes."""
    import distributed  # noqa: PLC0415  # takes a second to load

    with distributed.LocalCluster(  # type: ignore[no-untyped-call]  # it has no types
        n_workers=2, threads_per_worker=4, processes=True, dashboard_address=None, silence_logs=50
    ) as local:
        yield local.scheduler_address.removeprefix("tcp://")


@pytest.mark.filterwarnings("ignore")  # those of Dask are its own
def test_a_dask_cluster_reads_the_same(aws: Proxy, cluster: str) -> None:
    """The units travel to its workers and their records come back: the same model as with threads."""
    _client("sqs").create_queue(QueueName="jobs")
    _client("kms").create_key()
    options = Options(regions=("us-east-1", "eu-west-1"), services=("vpc", "sqs", "kms", "iam"), limits=LIMITS)

    with executor_for(f"dask://{cluster}") as executor:
        [there] = collect(options, executor)
    with executor_for("threads:8") as executor:
        [here] = collect(options, executor)

    assert {r.address: dict(r.values) for r in there.all()} == {r.address: dict(r.values) for r in here.all()}
    assert there.gaps == here.gaps
    assert there.problems == here.problems
    assert sum(1 for _ in there.all()) > 20
