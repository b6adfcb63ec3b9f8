"""Measure an audit: how much faster it is than one call after the other, and what an organisation takes.

    python -m scripts.bench_audit [--accounts 1000]

Against moto's server, behind a proxy that takes 50 ms for each call. Prints what stands in `docs/benchmark.md`.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from typing import Any

import botocore.session

from guardrails.sources.aws.audit import Options, collect
from guardrails.sources.aws.collectors import services
from guardrails.sources.aws.executor import executor_for
from guardrails.sources.aws.session import Limits
from tests.sources.aws import simulator
from tests.sources.aws.simulator import Asked, Proxy
from tests.sources.aws.test_scale import REGIONS

LATENCY = 0.05
LIMITS = Limits(connect=30, read=60, attempts=1, pace=1000, mode="standard")


def speed(settings: Proxy) -> None:
    """17 regions with 50 ms for each call, all of which are refused: what an audit costs besides waiting is small."""
    settings.fault = lambda asked: "" if asked.service == "sts" else "denied"
    settings.latency = LATENCY
    sequential = 0.0
    names = tuple(name for name, service in services().items() if service.where == "regional")
    for threads in (1, 32):
        regions = REGIONS if threads > 1 else REGIONS[:1]
        settings.seen.clear()
        start = time.monotonic()
        with executor_for(f"threads:{threads}") as executor:
            list(collect(Options(regions=regions, services=names, limits=LIMITS), executor))
        seconds, calls = time.monotonic() - start, sum(settings.seen.values())
        whole = seconds * len(REGIONS) / len(regions)
        if threads == 1:
            sequential = whole
            print(f"one after the other: {calls} calls of one region in {seconds:.1f} s, so {whole:.0f} s for 17")
        else:
            print(f"{threads} threads: {calls} calls of 17 regions in {seconds:.1f} s")
            print(f"{sequential / seconds:.1f} times faster; {calls * LATENCY / seconds:.1f} times the waiting alone")


def organisation(settings: Proxy, count: int) -> None:
    """Every account of an organisation, all of them empty: the memory of the process after each hundred."""
    settings.fault = _nothing
    settings.latency = 0
    client: Any = botocore.session.Session().create_client("organizations", region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    for number in range(count - 1):
        client.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")
    options = Options(
        regions=("us-east-1",), services=("sqs", "sns", "kms"), org_role="OrganizationAccountAccessRole", limits=LIMITS
    )
    start = time.monotonic()
    with executor_for("threads:16") as executor:
        for number, model in enumerate(collect(options, executor), 1):
            resources = sum(1 for _ in model.all())
            if number == 1 or number % 100 == 0:
                print(f"{number} accounts, {resources} resources in this one: {_megabytes()} MB")
    print(f"{count} accounts in {time.monotonic() - start:.0f} s")


def _nothing(asked: Asked) -> simulator.Fault:
    return ""


def _megabytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() >> 20


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=1000, help="0 to measure the speed alone")
    parser.add_argument("--no-speed", action="store_true")
    arguments = parser.parse_args()
    with simulator.moto_server() as url, simulator.proxy(Proxy(upstream=url.removeprefix("http://"))) as settings:
        os.environ.update({name: value for name, value in simulator.environment(settings.url).items() if value})
        if not arguments.no_speed:
            speed(settings)
        if arguments.accounts:
            organisation(settings, arguments.accounts)


if __name__ == "__main__":
    main()
