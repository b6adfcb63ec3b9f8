"""Where the units of an audit run: threads of this machine, or a Dask cluster."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

THREADS = 32


class ExecutorError(Exception):
    """There is no such executor, or it cannot be had."""


@contextmanager
def executor_for(where: str = "") -> Iterator[Executor]:
    """An executor: `threads`, `threads:N` or `dask://HOST:PORT`; empty: 32 threads. Raises `ExecutorError`.

    The workers of a Dask cluster need `guardrails-aws[dask]` and credentials of their own: none are sent to them.
    """
    if where.startswith("dask://"):
        with _dask(where.removeprefix("dask://")) as executor:
            yield executor
        return
    kind, _, number = where.partition(":")
    if kind not in ("", "threads") or (
        number and not (number.isascii() and number.isdigit() and 0 < int(number) < 1000)
    ):
        raise ExecutorError(f"`{where}` is no executor: write threads, threads:N or dask://HOST:PORT")
    pool = ThreadPoolExecutor(int(number or THREADS), "guardrails")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise ExecutorError(f"Dask is not installed ({error.name}): pip install 'guardrails-aws[dask]'") from None
    try:
        client = distributed.Client(f"tcp://{address}", timeout="15s")
    except (OSError, ValueError) as error:
        raise ExecutorError(f"no Dask scheduler answers at {address}: {error}") from None
    try:
        # Units only read: one that was lost with its worker is asked again, three times at most.
        executor: Executor = client.get_executor(retries=3)
        yield executor
    finally:
        client.close()
