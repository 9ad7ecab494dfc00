"""Builds the pages of this project as a website, with zensical: `python docs/site/build.py OUT`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PAGES = (
    "*.md",
    "LICENSE",
    "CITATION.cff",
    "llms.txt",
    "docs/**/*.md",
    "docs/**/*.json",
    "docs/**/*.svg",
    "docs/**/*.png",
    "benchmarks/**/*.md",
    "benchmarks/plots/*",
)


def build(out: Path) -> str:
    """Write the site into a folder; return what zensical said.

    The pages stand there as in the project, so that every link between them is the same here and there.
    """
    with TemporaryDirectory() as scratch:
        pages = Path(scratch) / "pages"
        for pattern in PAGES:
            for path in sorted(ROOT.glob(pattern)):
                target = pages / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        shutil.copy(Path(__file__).with_name("zensical.toml"), scratch)
        command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        shutil.copytree(Path(scratch) / "site", out, dirs_exist_ok=True)
        return done.stdout + done.stderr


if __name__ == "__main__":
    sys.stdout.write(build(Path(sys.argv[1])))
