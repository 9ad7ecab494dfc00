"""Data of the oracle tests: simulated files that lie here, real ones where they are beside this checkout."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

SIMULATED = Path(__file__).parent / "simulated"


@dataclass(frozen=True)
class Reference:
    """A survey, and what other programs make of it."""

    name: str
    frame: pl.DataFrame
    oracle: Callable[[str], Any]

    def numbers(self, content):
        """Return the numbers of a content, such as "contributions", for this survey."""
        return self.oracle(f"{content}_{self.name}")


@pytest.fixture(scope="session")
def simulated():
    """Simulated people with the columns of the housing file."""
    return pl.read_csv(SIMULATED / "people.csv")


@pytest.fixture(scope="session")
def families():
    """Simulated children in mothers in clinics."""
    return pl.read_csv(SIMULATED / "families.csv")


@pytest.fixture(scope="session", params=["simulated", "housing"])
def reference(request, oracle):
    """Each survey in turn; the housing file may be absent."""
    return Reference(request.param, request.getfixturevalue(request.param), oracle)
