"""What can be held offline about dependencies: all are pinned, inside their ranges, from no place."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.lstrip().startswith("#")
]
ASKED = [
    Requirement(text)
    for text in (
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    )
    if not text.startswith("equirank[")
]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(pin):
    """Return the version of a pin, which allows no other."""
    (one,) = pin.specifier
    assert one.operator == "==", pin
    return Version(one.version)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_dependency__has_pins_inside_its_range(asked):
    found = [pin for pin in PINS if canonical(pin.name) == canonical(asked.name)]
    assert found, "pin anew: docs/dependencies.md"
    assert all(asked.specifier.contains(pinned(pin)) for pin in found)


def test_pins__name_no_place():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", text, re.MULTILINE)
    assert all(pin.url is None for pin in PINS)


def test_unit__lets_a_night_do_its_work_and_little_else():
    """What the refresh needs is allowed, and kernels can be compiled."""
    page = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
    unit = page.partition("# equirank.service")[2].partition("```")[0]
    keys = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))
    assert keys["ReadWritePaths"] == "/data/store"
    assert keys["CacheDirectory"] == "equirank"
    assert keys["CapabilityBoundingSet"] == ""
    assert keys["NoNewPrivileges"] == keys["PrivateNetwork"] == "yes"
    assert "MemoryDenyWriteExecute" not in keys
