"""Compare AWS's managed policies with each other, search a large account for paths, and print how long that takes.

`python scripts/bench_access.py`
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from guardrails.access import Undecided, Witness, difference_witness, parse_policy
from guardrails.access.facts import managed_policies, managed_policy
from guardrails.access.lens import Access
from guardrails.access.policy import Policy, PolicyKind
from guardrails.model import Value


def read(name: str, rnd: random.Random | None = None) -> Policy:
    """A managed policy, with its statements and their lists shuffled if asked."""
    document: dict[str, object] = dict(managed_policy(name) or {})
    if rnd:
        raw = cast("dict[str, list[str]] | list[dict[str, list[str]]]", document["Statement"])
        statements = [dict(each) for each in (raw if isinstance(raw, list) else [raw])]
        for statement in statements:
            for element in ("Action", "NotAction", "Resource"):
                if isinstance(statement.get(element), list):
                    statement[element] = rnd.sample(statement[element], len(statement[element]))
        rnd.shuffle(statements)
        document["Statement"] = statements
    return parse_policy(cast("Value", document), kind=PolicyKind.MANAGED, name=name.rsplit("/", 1)[-1])


def run(label: str, pairs: Iterable[tuple[Policy, Policy]]) -> None:
    """Compare and print one line."""
    times: list[float] = []
    witnesses = 0
    undecided: list[str] = []
    for one, other in pairs:
        start = time.perf_counter()
        answer = difference_witness(one, other)
        times.append((time.perf_counter() - start) * 1000)
        witnesses += isinstance(answer, Witness)
        if isinstance(answer, Undecided):
            undecided.append(f"{one.name} / {other.name}: {answer.reason}")
    times.sort()
    size = len(times)
    median, p95, p99 = times[size // 2], times[size * 95 // 100], times[size * 99 // 100]
    print(
        f"{label:<28}{size:>6} pairs  median {median:6.2f}  p95 {p95:6.2f}  p99 {p99:6.2f}  max {times[-1]:7.2f} ms"
        f"  {witnesses:>5} differ  {len(undecided)} undecided"
    )
    for line in undecided:
        print("  ", line)


def large_account(count: int) -> None:
    """Ask all escalation and public-access questions of an account of so many principals, and print one line."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.access.test_paths import large  # noqa: PLC0415  # the account of the tests

    model = large(count)
    start, used = time.perf_counter(), time.process_time()
    lens = Access([model])
    paths, public = len(lens.paths()), sum(1 for _ in lens.public())
    took, cpu = time.perf_counter() - start, time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:,} principals: {paths:,} paths, {public} public, {took:.1f} s ({cpu:.1f} s of CPU), {memory:.0f} MiB"
    )


def main() -> None:
    """Print the table."""
    large_account(10_000)
    rnd = random.Random(1)
    names = managed_policies()
    policies = [read(name) for name in names]
    run("against themselves", [(one, read(name)) for one, name in zip(policies, names, strict=True)])
    run("against themselves, shuffled", [(one, read(name, rnd)) for one, name in zip(policies, names, strict=True)])
    run("random pairs", [(rnd.choice(policies), rnd.choice(policies)) for _ in range(3000)])
    for wanted in ("AdministratorAccess", "ReadOnlyAccess", "SecurityAudit", "PowerUserAccess"):
        big = next(each for each in policies if each.name == wanted)
        run(f"all against {wanted}", [(each, big) for each in policies])
        run(f"{wanted} against all", [(big, each) for each in policies])


if __name__ == "__main__":
    main()
