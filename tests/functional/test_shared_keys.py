"""Keys that stand in several files: one look at all of them, whatever the number of files."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from engine.data import shared_keys
from engine.data.broken_rules import RuleError
from engine.data.design_columns import KEY, shared_key
from engine.data.shared_keys import keys_in_common, refuse_shared_keys
from tests.functional.nights import put, single, wave

BY_RECORD = SimpleNamespace(source=SimpleNamespace(key=("id",)), variables={})
BY_HOUSEHOLD = SimpleNamespace(
    source=SimpleNamespace(key=None), variables={"people": SimpleNamespace(aggregate="sum")}
)


@pytest.fixture
def files(tmp_path):
    """Nine files of few keys, some absent, in two waves or none."""
    generator, paths = np.random.default_rng(5), []
    for number in range(9):
        n = int(generator.integers(1, 6))
        wave = [["2010", "2012", None][i] for i in generator.integers(0, 3, n)]
        key = [None if i == 0 else str(i) for i in generator.integers(0, 25, n)]
        paths.append(tmp_path / f"{number}.parquet")
        columns = {"wave": wave, KEY: key, shared_key("people"): key}
        pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_parquet(paths[-1])
    return paths


@pytest.fixture
def compared(monkeypatch):
    """Each comparison of a file with others, as how many there were."""
    counts, compare = [], shared_keys._rows_with_keys_of

    def counted(records, others, key, **options):
        counts.append(len(others))
        return compare(records, others, key, **options)

    monkeypatch.setattr(shared_keys, "_rows_with_keys_of", counted)
    return counts


def plain(one, other, *, absent_too):
    sets = [set(pl.read_parquet(path).select("wave", KEY).iter_rows()) for path in (one, other)]
    return any(absent_too or key is not None for _, key in sets[0] & sets[1])


@pytest.mark.parametrize(("spec", "absent_too"), [(BY_RECORD, True), (BY_HOUSEHOLD, False)])
@pytest.mark.parametrize("n_new", [1, 4, 9])
def test_one_look__finds_what_comparing_each_with_each_finds(files, spec, absent_too, n_new):
    new, old = files[:n_new], files[n_new:]
    common = keys_in_common(spec, new, old)
    pairs = 0
    for one in new:
        expected = [other for other in files if other != one and plain(one, other, absent_too=absent_too)]
        assert common.to_compare(one, [other for other in files if other != one]) == expected
        pairs += len(expected)
    assert 0 < pairs < len(new) * (len(files) - 1)


def test_files_that_were_not_looked_at__are_compared(files, tmp_path):
    common = keys_in_common(BY_RECORD, files[:2], files[2:4])
    assert common.to_compare(files[5], files[:3]) == files[:3]
    assert common.to_compare(files[2], files[:2]) == files[:2]
    assert files[6] in common.to_compare(files[0], [*files[1:4], files[6]])


def test_study_without_keys__reads_nothing(tmp_path):
    spec = SimpleNamespace(source=SimpleNamespace(key=None), variables={})
    assert keys_in_common(spec, [tmp_path / "absent.parquet", tmp_path / "too.parquet"]).others


def test_hashes_that_happen_to_be_equal__are_no_shared_key(files):
    unlike = next(other for other in files[1:] if not plain(files[0], other, absent_too=True))
    refuse_shared_keys(BY_RECORD, "0", files[0], [unlike])
    with pytest.raises(RuleError):
        refuse_shared_keys(BY_RECORD, "0", files[0], [files[0]])


def test_night_of_many_files__compares_only_those_with_a_key_in_common(night, compared):
    for number in range(1, 7):
        put(night, number)
    put(night, 5, wave(5).with_columns(ill=1 - pl.col("ill")), "wave_5b.parquet")
    code, report, _ = night()
    assert code == 11
    assert [file["file"] for file in report["files"] if file["state"] == "quarantined"] == ["wave_5b.parquet"]
    assert compared == [1]  # of the 7 * 6 / 2 pairs
    compared.clear()
    put(night, 7)
    assert night()[1]["published"]
    assert compared == [1]  # the bad file again, as the others have changed


def test_panel_of_many_files__compares_none_without_a_key_in_common(night, compared, cli):
    for number in range(1, 7):
        put(night, number)
    single(cli, night)
    assert not compared
