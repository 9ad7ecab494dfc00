"""`python -m benchmarks.coverage` simulates again what docs/coverage.md tells, and writes the page.

It takes 107 minutes of one core. The same seed gives the same figures again. `--designs psus8 rare`
and `--families models` simulate some only and keep the stored figures of the others; `--page` writes the page
from the stored figures alone.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.coverage import page, stored
from benchmarks.coverage.designs import DESIGNS
from benchmarks.coverage.simulate import SAMPLES, simulate


def main() -> None:
    """Simulate, and write result, picture and page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=stored.RESULT, help="CSV of the figures; with another the page stays"
    )
    parser.add_argument("--designs", nargs="+", choices=[*DESIGNS], default=[*DESIGNS])
    parser.add_argument("--families", nargs="+", choices=[*SAMPLES], default=[*SAMPLES])
    parser.add_argument("--share", type=float, default=1.0, help="of the samples, to try it out")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    given = parser.parse_args()
    if not given.page:
        _simulate(given.designs, given.families, given.share, given.out)
    if given.out == stored.RESULT:
        page.write(stored.read())


def _simulate(designs: list[str], families: list[str], share: float, out: Path) -> None:
    kept = stored.read(out) if out.exists() else []
    for name in designs:
        started = time.process_time()
        samples = {
            family: max(round(share * number), 2) for family, number in SAMPLES.items() if family in families
        }
        lines = stored.stored(
            name, simulate(name, DESIGNS[name], samples, lambda text: print(text, flush=True))
        )
        kept = [line for line in kept if line.design != name or line.family not in families] + lines
        # The sort is stable: lines of a family keep their order.
        kept.sort(key=lambda line: ([*DESIGNS].index(line.design), [*SAMPLES].index(line.family)))
        stored.write(kept, out)
        print(f"{name}: {time.process_time() - started:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main()
