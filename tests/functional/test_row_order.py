"""The rows of a file in any order: the results have the same bytes."""

import hashlib

import numpy as np
import polars as pl
import pytest

from tests.functional.conftest import STUDY, write_survey

pytestmark = pytest.mark.same_bits

DESIGNS = {
    "clusters": "",
    "strata": 'cluster = "psu"\n',
    "none": 'stratum = "stratum"\ncluster = "psu"\n',
}


def sha(run):
    return hashlib.sha256((run / "results.parquet").read_bytes()).hexdigest()


@pytest.mark.parametrize("without", DESIGNS)
def test_row_order__changes_no_bit(cli, project, survey, without):
    rng = np.random.default_rng(8)
    frame = survey.with_columns(
        weight=pl.Series(rng.choice(rng.uniform(0.1, 3, 40), survey.height)),
        income=pl.col("income") * 1.1,
        size=pl.Series(rng.normal(1e6, 3.0, survey.height).round(2)),
    )
    text = STUDY.replace("[[sample]]", '[variables.size]\nfrom = "size"\n[[sample]]', 1)
    text = text.replace(
        'outcome = "ill"\nrank_by = "income"\nby = "wave"',
        'outcome = ["ill", "size"]\nrank_by = "income"\nby = "wave"',
    )
    (project / "study.toml").write_text(text.replace(DESIGNS[without], ""))
    orders = {
        "read": frame,
        "shuffled": frame.sample(fraction=1.0, shuffle=True, seed=3),
        "by-income": frame.sort("income", "ill", "weight"),
        "by-weight": frame.sort("weight", "sex", descending=True),
    }
    for name, ordered in orders.items():
        write_survey(ordered, project / "survey.parquet")
        code, _, err = cli("run", "study.toml", "--out", name)
        assert code == 0, err
    found = {name: sha(project / name) for name in orders}
    if len(set(found.values())) > 1:
        one, other = (pl.read_parquet(project / name / "results.parquet") for name in ("read", "shuffled"))
        differ = one.filter(pl.Series([a != b for a, b in zip(one.rows(), other.rows(), strict=True)]))
        raise AssertionError(differ.select("analysis", "term", "level", "measure", "method"))


def test_two_files__may_come_in_either_order(cli, project, survey):
    frame = survey.with_columns(pl.col("weight") * 1.1)
    halves = {"a.parquet": frame[::2], "b.parquet": frame[1::2]}
    for name, half in halves.items():
        write_survey(half, project / name)
    for out, names in (("one", '["a.parquet", "b.parquet"]'), ("two", '["b.parquet", "a.parquet"]')):
        (project / "study.toml").write_text(STUDY.replace('"survey.parquet"', names))
        code, _, err = cli("run", "study.toml", "--out", out)
        assert code == 0, err
    assert sha(project / "one") == sha(project / "two")
