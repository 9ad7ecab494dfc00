"""What a run tells while it works; the silent default, and the interface of a progress display."""

from __future__ import annotations


class Reporter:
    """Hears of progress and ignores it. A display overrides these methods.

    A display whose user has interrupted raises KeyboardInterrupt in one of them; with `keeps`, `replicated`
    raises `Enough` instead, which ends the analysis with the replicates that are done, and the run with that
    analysis.
    """

    keeps = False
    interrupted = False

    def start_step(self, what: str) -> None:
        """A step begins that may take long, such as "simulating the panel"."""

    def compiling(self) -> None:
        """A kernel is being compiled, inside whatever step."""

    def start_reading(self, files: int) -> None:
        """Reading of data files begins."""

    def read(self, rows: int) -> None:
        """More rows have been read."""

    def start_analyses(self, analyses: int, replicates: int) -> None:
        """The analyses begin; `replicates` in all of them."""

    def start_analysis(self, name: str) -> None:
        """An analysis begins."""

    def replicated(self, replicates: int) -> None:
        """More replicates are done."""
