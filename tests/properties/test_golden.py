"""No bit of a result moves without a note: hashes of results against those that are kept."""

import platform
from importlib.metadata import version

import pytest

from engine.batch.kinds import KINDS
from engine.study import shipped_studies
from tests.conftest import ROOT, SHARED
from tests.properties.golden import SHIPPED, kept, shipped_hash, small_hashes

RENEW = 'say what moved and why in CHANGELOG.md, then `python -m tests.properties.golden --note "..."`'
pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the hashes are those of x86-64")


def same_libraries():
    told = kept()["versions"]
    here = {name: version(name) for name in told}
    if here != told:
        pytest.skip(f"the hashes were made with {told}")


def test_results__have_the_bits_they_had(tmp_path):
    same_libraries()
    found, told = small_hashes(tmp_path), kept()["small"]
    assert len(found) == 12
    moved = [name for name in found if found[name] != told.get(name)]
    assert not moved, f"results of {', '.join(moved)} moved: {RENEW}"


def test_every_kind_and_shipped_study__has_a_hash():
    assert set(kept()["small"]) == {*KINDS, "calibrated"}
    assert set(SHIPPED) == set(shipped_studies()) - {"brfss", "clds-files", "cmds-files"}
    assert set(kept()["shipped"]) == set(SHIPPED)
    assert all(kept()["shipped"].values())


def test_note__stands_in_the_change_log():
    words = " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert kept()["note"] in words


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_studies__have_the_bits_they_had(name, tmp_path):
    same_libraries()
    found = shipped_hash(name, tmp_path, SHARED / "data")
    if found is None:
        pytest.skip("its survey is not beside this checkout")
    assert found == kept()["shipped"].get(name), f"results of {name} moved: {RENEW}"
