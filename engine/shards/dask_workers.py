"""Runs the shares of a study on workers of dask.distributed: processes of this machine, or of a cluster.

A share is a function of study, files and its number, so that any worker may compute it, and twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from engine.batch.context import read_sample
from engine.batch.reporter import Reporter
from engine.batch.request import RunRequest
from engine.batch.run import default_target
from engine.batch.run_result import RunResult
from engine.data.source_file import SourceFile
from engine.errors import EngineError, UsageError
from engine.estimators.replicates.settings import Share
from engine.shards.join import write_joined
from engine.shards.shard import Shard
from engine.shards.share import compute_share
from engine.study.load import study_as_dict, study_from_dict

SHARES_A_WORKER = 2  # a lost worker loses half of its work
PATIENCE = 60.0  # seconds for a scheduler to answer
MOST_DEATHS = 100  # of workers under one share, before it is computed here
_ONE_AT_A_TIME = Lock()  # a worker of several threads computes one share on all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Where shares are computed.

    Attributes
    ----------
    count
        How many processes to start on this machine; or
    scheduler
        the address of a scheduler, such as ``tcp://node1:8786``, whose workers have equirank installed.
    threads
        Of each worker.
    """

    count: int | None = None
    scheduler: str | None = None
    threads: int | None = None

    @property
    def threads_each(self) -> int | None:
        """Threads of a worker; workers of this machine share its cores."""
        if self.scheduler is not None or self.threads is not None:
            return self.threads
        return max((os.cpu_count() or 1) // (self.count or 1), 1)


def run_on_workers(
    request: RunRequest, workers: Workers, out: Path | None = None, *, reporter: Reporter | None = None
) -> RunResult:
    """Run a study in shares on workers; the results have the bits of a run on one thread.

    Parameters
    ----------
    request
        The study. Its files must have the same path on every worker.
    workers
        Where.
    out, reporter
        As for `run`.

    Raises
    ------
    UsageError
        If dask.distributed is not installed or the scheduler does not answer.
    StudyError, DataError, EstimationError
        As for `run`.
    """
    spec, threads = request.spec, workers.threads_each
    files = [_absolute(file) for file in request.files()]
    reporter = reporter or Reporter()
    with _client(workers) as (client, n_workers):
        with TemporaryDirectory(prefix="equirank-") as scratch:
            # Read the files here, so that the workers of this machine find them read.
            read_sample(spec, files, Path(scratch), threads, reporter)
        of = SHARES_A_WORKER * n_workers
        shares = [Share(number=number, of=of) for number in range(1, of + 1)]
        stored = study_as_dict(spec)
        futures = [client.submit(_on_worker, stored, files, share, threads, pure=False) for share in shares]
        reporter.start_analyses(of, 0)
        shards = []
        for share, future in zip(shares, futures, strict=True):
            reporter.start_analysis(f"share {share.number} of {of}")
            shards.append(_result(future) or compute_share(spec, files, share, threads))
    return write_joined(shards, out if out is not None else default_target(spec.study.name))


def _absolute(file: SourceFile) -> SourceFile:
    return replace(file, path=file.path.resolve(), places=tuple(place.resolve() for place in file.places))


def _on_worker(
    stored: dict[str, Any], files: Sequence[SourceFile], share: Share, threads: int | None
) -> Shard | tuple[int, str]:
    """Compute a share on a worker; a failure of the study comes back as (exit code, message).

    Raised on a worker, it would count as a failure of the worker.
    """
    try:
        with _ONE_AT_A_TIME:
            return compute_share(study_from_dict(stored), files, share, threads)
    except EngineError as error:
        return error.exit_code, str(error)


def _result(future: Any) -> Shard | None:  # noqa: ANN401 - a future of dask
    """Return a shard, None if the cluster has lost it for good.

    Raises
    ------
    EngineError
        If the study fails, wherever it runs.
    """
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        result = future.result()
    except (CancelledError, CommClosedError, KilledWorker, OSError, TimeoutError):
        return None
    if isinstance(result, tuple):
        failure = EngineError(result[1])
        failure.exit_code = result[0]
        raise failure
    shard: Shard = result
    return shard


@contextmanager
def _client(workers: Workers) -> Iterator[tuple[Any, int]]:
    """Yield a client and how many workers it has."""
    try:
        import dask
    except ImportError:
        raise UsageError(
            "--workers: dask is not installed; expected it. pip install 'equirank[dask]'"
        ) from None
    settings = {
        "distributed.scheduler.allowed-failures": MOST_DEATHS,
        "distributed.comm.timeouts.connect": PATIENCE,
    }
    with dask.config.set(settings):
        if workers.scheduler is None:
            with _client_of_this_machine(workers.count or 1) as client:
                yield client, workers.count or 1
        else:
            with _client_of_scheduler(workers.scheduler) as client:
                yield client, len(client.scheduler_info()["workers"])


@contextmanager
def _client_of_this_machine(count: int) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    here = {"dashboard_address": "127.0.0.1:0", "host": "127.0.0.1", "silence_logs": 50}
    with (
        LocalCluster(n_workers=count, threads_per_worker=1, processes=True, **here) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _client_of_scheduler(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"--cluster {address}: nobody answers ({type(error).__name__}); expected a scheduler of "
            "dask.distributed. Check the address."
        ) from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise UsageError(
                f"--cluster {address}: has no workers; expected at least one. Start `dask worker`."
            )
        yield client
