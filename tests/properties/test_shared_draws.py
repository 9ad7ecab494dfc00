"""All measures of one analysis see the same draws, and the program draws them once."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.kernels.draws.draws import Draws
from tests.study_texts import analysis, event, factor, study_text

FEW = {"bootstrap": {"replicates": 64}}
ONE_AND_ALL = {
    "concentration": (
        {"outcome": "ill", "rank_by": "income"},
        "index",
        ["standard", "erreygers", "wagstaff"],
    ),
    "disparity": ({"outcome": "ill", "group": "place"}, "measure", ["difference", "ratio", "bgv", "par"]),
    "financing": ({"outcome": "paid", "resources": "income"}, "measure", ["kakwani", "gini", "reranking"]),
}


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(8)
    n = 300
    return pl.DataFrame(
        {
            "psu": random.integers(0, 15, n),
            "w": random.uniform(1, 3, n),
            "ill": random.integers(0, 2, n),
            "place": random.integers(0, 3, n),
            "income": np.round(random.exponential(9, n) + 1, 1),
            "paid": np.round(random.exponential(1, n), 1),
        }
    )


@pytest.fixture
def blocks(monkeypatch):
    """How many blocks of replicates were drawn."""
    drawn = []
    batch = Draws.batch

    def counted(self, n_rows, first_block, n_blocks, *lanes, **options):
        drawn.append(n_blocks)
        return batch(self, n_rows, first_block, n_blocks, *lanes, **options)

    monkeypatch.setattr(Draws, "batch", counted)
    return drawn


def run(folder, frame, *analyses):
    frame.write_parquet(folder / "people.parquet")
    (folder / "study.toml").write_text(
        study_text(
            source="people.parquet",
            design={"weight": "w", "cluster": "psu"},
            variables={
                "ill": event("yes", no=[0], yes=[1]),
                "place": factor(a=[0], b=[1], c=[2]),
                "income": {},
                "paid": {},
            },
            analyses=analyses,
        )
    )
    return engine.run(folder / "study.toml", out=folder / "run", report=False).to_frame()


@pytest.mark.parametrize("kind", ONE_AND_ALL)
def test_many_measures__take_the_draws_of_one(tmp_path, frame, blocks, kind):
    fields, field, measures = ONE_AND_ALL[kind]
    alone = run(tmp_path, frame, analysis(kind, **fields, **{field: measures[0]}, **FEW))
    of_one = sum(blocks)
    blocks.clear()
    together = run(tmp_path, frame, analysis(kind, **fields, **{field: measures}, **FEW))
    assert sum(blocks) == of_one == 2
    assert together.filter(pl.col("measure") == measures[0]).equals(alone)


def test_parts__share_the_draws_of_all(tmp_path, frame, blocks):
    asked = {"outcome": "income", "measure": ["theil", "mld"], **FEW}
    run(tmp_path, frame, analysis("disparity", **asked, decompose_by="place"))
    assert sum(blocks) == 2
