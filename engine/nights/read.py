"""Reads the files of a night in processes of their own: harmonises, checks and hashes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from engine.data.broken_rules import RuleError
from engine.data.read_request import ReadRequest
from engine.data.readers import ReadAnswer, Readers
from engine.nights.night import NightJob
from engine.nights.stale_files import FilePlan
from engine.study.load import study_as_dict


class NightReaders:
    """Reads files for the store of a night."""

    def __init__(self, job: NightJob, readers: Readers) -> None:
        self._job, self._readers = job, readers
        self._study, self._salt = json.dumps(study_as_dict(job.spec)), job.store.salt
        self._answers: dict[str, dict[str, Any]] = {}

    def read_ahead(self, plans: Sequence[FilePlan]) -> None:
        """Read files side by side, and keep what came of each.

        Raises
        ------
        StoreError
            If the disk of the store does not take what is read.
        """
        readable = [plan for plan in plans if plan.sha256 is not None]

        def started(number: int) -> None:
            plan = readable[number]
            self._job.log("reading", file=plan.file.name, why=plan.why or "its twin is bad")

        requests = [self._request(plan) for plan in readable]
        for number, answer in self._readers.read(requests, started):
            file = readable[number].file
            self._answers[file.name] = _told(answer, file.source.path.name)

    def answer_about(self, plan: FilePlan) -> dict[str, Any]:
        """Return what came of reading a file, which is read now if it was not read ahead.

        Of a good file: ``part``, ``source``, ``contents`` and ``sample``, see
        `engine.store.ledger.FileVersion`. Of a bad one: ``reason``, ``broken`` (rules with the rows that
        break them), and ``retry``, true where another try may end otherwise.
        """
        if plan.file.name not in self._answers:
            self.read_ahead([plan])
        return self._answers[plan.file.name]

    def _request(self, plan: FilePlan) -> ReadRequest:
        store = self._job.store
        return ReadRequest(
            study=self._study,
            source=plan.file.source,
            digest=str(plan.sha256),
            home=store.parts,
            work=store.work,
            salt=self._salt,
        )


@contextmanager
def night_readers(job: NightJob) -> Iterator[NightReaders]:
    """Yield what reads the files of a night; its processes end with the block."""
    with Readers(job.options.timeout) as readers:
        yield NightReaders(job, readers)


def _told(answer: ReadAnswer, name: str) -> dict[str, Any]:
    error = answer.error
    if error is None:
        return dict(answer.found)
    broken = [asdict(rule) for rule in error.broken] if isinstance(error, RuleError) else []
    reason = str(error) if name in str(error) else f"{name}: {error}"
    return {"reason": reason, "broken": broken, "retry": answer.died}
