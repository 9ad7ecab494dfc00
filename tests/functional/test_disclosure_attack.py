"""Random small studies with disclosure control: somebody computes what he can from what they write."""

import numpy as np
import polars as pl
import pytest

from tests.functional.disclosure_attacker import MISSING, attack, people_of
from tests.study_texts import analysis, event, factor, study_text

VARIABLES = {
    "ill": event("ill", well=[0], ill=[1]),
    "cost": {"range": [0, 100_000]},
    "sex": factor(m=[0], f=[1]),
    "region": factor(a=[0], b=[1], c=[2], d=[3]),
    "income": {"range": [0, 1000]},
}
CHOICES = [
    analysis("describe", by="wave"),
    analysis("describe", name="people by sex", by="sex"),
    analysis("rates", outcome="ill", rows="region", by="wave"),
    analysis("rates", name="by sex", outcome="ill", rows=["sex", "region"]),
    analysis("rates", name="costs", outcome="cost", rows="region", by="sex"),
    analysis("rates", name="men", outcome="ill", rows="region", where="sex = 'm'"),
    analysis("rates", name="unweighted", outcome="ill", rows="sex", weighted=False),
    analysis("concentration", outcome="ill", rank_by="income", by="region"),
    analysis("concentration", name="of costs", outcome="cost", rank_by="income", by=["wave", "sex"]),
]
STUDIES_OF_A_FILE = 5  # which is read once


def random_people(rng):
    n, waves = int(rng.integers(60, 900)), int(rng.integers(1, 4))
    gaps = dict(zip(("region", "sex", "ill", "cost"), rng.choice([0, 0, 0.03, 0.15], 4), strict=True))
    columns = {
        "wave": rng.integers(0, waves, n) + 2014,
        "region": rng.choice(4, n, p=rng.dirichlet(rng.choice([0.7, 5.0], 4))),
        "sex": rng.choice(2, n, p=[0.5, 0.5]),
        "ill": (rng.random(n) < rng.choice([0.05, 0.3])).astype(int),
        "cost": rng.gamma(2, 10, n),
        "income": rng.integers(1, 60, n).astype(float),
        "weight": rng.uniform(0.5, 2.0, n),
    }
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        pl.when(pl.Series(rng.random(n) < gap)).then(None).otherwise(name).alias(name)
        for name, gap in gaps.items()
    )


def study_of(chosen, cut, threshold):
    return study_text(
        source={"path": "people.parquet", "wave": "wave"},
        design={"weight": "weight"},
        variables=VARIABLES,
        sample={"Income": f"income < {cut}"},
        analyses=chosen,
        extra=f"[disclosure]\nthreshold = {threshold}\n",
    )


def findings(cli, folder, seed):
    """What the attacker finds of a random study."""
    rng = np.random.default_rng([19, seed])
    frame = random_people(np.random.default_rng([20, seed // STUDIES_OF_A_FILE]))
    frame.write_parquet(folder / "people.parquet")
    chosen = [CHOICES[k] for k in sorted(rng.choice(len(CHOICES), rng.integers(1, 5), replace=False))]
    threshold, cut = int(rng.choice([5, 10, 20])), int(rng.choice([60, 57, 45]))
    (folder / "study.toml").write_text(study_of(chosen, cut, threshold))
    code, _, err = cli("run", folder / "study.toml", "--out", folder / f"run{seed}", "--no-report")
    assert code == 0, err
    known = {one["name"]: {**one, "where": {"sex": "m"} if "where" in one else {}} for one in chosen}
    every = people_of(frame, pl.col("income") < cut)
    return [(seed, *found) for found in attack(folder / f"run{seed}", known, every, threshold)]


@pytest.mark.parametrize("seed", [0, 20070, 30001])
def test_attacker__finds_no_small_number(cli, tmp_path, seed):
    assert not findings(cli, tmp_path, seed)


@pytest.mark.slow
def test_attacker__finds_no_answers_of_few_people_in_many_studies(cli, tmp_path, request):
    """He may find how few lack an answer, from the gaps of two outcomes: docs/disclosure.md."""
    cases = request.config.getoption("--cases") or 1000
    found = [one for seed in range(cases) for one in findings(cli, tmp_path, seed)]
    assert not [one for one in found if {MISSING} not in one[1].values()]
