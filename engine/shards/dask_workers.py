"""Runs the parts of a study on workers of dask.distributed: processes of this machine, or a cluster's.

A part is a function of study, files and its number, so that it may be computed twice or on any worker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from engine.batch.reporter import Reporter
from engine.batch.run import Asked, RunResult, default_target, prepare
from engine.data.sources import SourceFile
from engine.errors import EngineError, UsageError
from engine.estimators.replicates.settings import Share
from engine.shards.join import write_joined
from engine.shards.shard import Shard, make_shard
from engine.study.load import asked_of, stored_study

PARTS_A_WORKER = 2  # a lost worker loses half of its work
PATIENCE = 60.0  # seconds for a scheduler to answer
_ONE = Lock()  # a worker of several threads computes one part at a time, on all of them
MOST_DEATHS = 100  # of workers under one part, before it is computed here


def run_on_cluster(
    asked: Asked,
    out: Path | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    threads: int | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Run a study in parts on workers; the results have the bits of a run on one thread.

    Parameters
    ----------
    asked
        The study. Its files must have the same path on every worker.
    out, reporter
        As for `run`.
    workers
        How many processes to start on this machine; or
    cluster
        the address of a scheduler, such as ``tcp://node1:8786``, whose workers have equirank installed.
    threads
        Of each worker.

    Raises
    ------
    UsageError
        If dask.distributed is not installed or the scheduler does not answer.
    StudyError, DataError, EstimationError
        As for `run`.
    """
    spec = asked.spec
    files = [_absolute(file) for file in asked.files()]
    reporter = reporter or Reporter()
    told = asked_of(spec)
    if cluster is None:  # workers of this machine share its cores
        threads = threads or max((os.cpu_count() or 1) // (workers or 1), 1)
    with _client(workers, cluster) as (client, n_workers):
        _warm_cache(spec, files, threads, reporter)
        of = PARTS_A_WORKER * n_workers
        futures = [
            client.submit(_part, told, files, number, of, threads, pure=False) for number in range(1, of + 1)
        ]
        reporter.start_analyses(of, 0)
        shards = []
        for number, future in enumerate(futures, start=1):
            reporter.start_analysis(f"part {number} of {of}")
            shards.append(_result(future) or make_shard(spec, files, Share(number=number, of=of), threads))
    return write_joined(shards, out if out is not None else default_target(spec.study.name))


def _absolute(file: SourceFile) -> SourceFile:
    return SourceFile(
        path=file.path.resolve(), wave=file.wave, places=tuple(place.resolve() for place in file.places)
    )


def _warm_cache(spec: Any, files: Sequence[SourceFile], threads: int | None, reporter: Reporter) -> None:  # noqa: ANN401
    """Read the files here, so that the workers of this machine find them read."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="equirank-") as scratch:
        prepare(spec, files, Path(scratch), threads, reporter)


def _part(
    told: dict[str, Any], files: Sequence[SourceFile], number: int, of: int, threads: int | None
) -> Any:  # noqa: ANN401
    """Compute a part on a worker; a failure of the study comes back as what it is, not as one of the worker."""
    try:
        with _ONE:
            return make_shard(stored_study(told), files, Share(number=number, of=of), threads)
    except EngineError as error:
        return error.exit_code, str(error)


def _result(future: Any) -> Shard | None:  # noqa: ANN401
    """Return a part, None if the cluster has lost it for good.

    Raises
    ------
    EngineError
        If the study fails, wherever it runs.
    """
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        found = future.result()
    except (CancelledError, CommClosedError, KilledWorker, OSError, TimeoutError):
        return None
    if isinstance(found, tuple):
        failure = EngineError(found[1])
        failure.exit_code = found[0]
        raise failure
    shard: Shard = found
    return shard


@contextmanager
def _client(workers: int | None, cluster: str | None) -> Iterator[tuple[Any, int]]:
    """Yield a client and how many workers it has."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError(
            "--workers: dask is not installed; expected it. pip install 'equirank[dask]'"
        ) from None
    settings = {
        "distributed.scheduler.allowed-failures": MOST_DEATHS,
        "distributed.comm.timeouts.connect": PATIENCE,
    }
    with dask.config.set(settings):
        if cluster is None:
            count = workers or 1
            with (
                LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address="127.0.0.1:0",
                    host="127.0.0.1",
                    silence_logs=50,
                ) as local,
                Client(local) as client,
            ):
                yield client, count
            return
        try:
            client = Client(cluster, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            raise UsageError(
                f"--cluster {cluster}: nobody answers ({type(error).__name__}); expected a scheduler of "
                "dask.distributed. Check the address."
            ) from None
        with client:
            count = len(client.scheduler_info()["workers"])
            if not count:
                raise UsageError(
                    f"--cluster {cluster}: has no workers; expected at least one. Start `dask worker`."
                )
            yield client, count
