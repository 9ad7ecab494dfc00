"""Random small studies with disclosure control: somebody computes what he can from what they write."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.disclosure.former import Former
from engine.disclosure.release import release
from engine.results import to_frame
from tests.functional.disclosure_attacker import attack, attack_on_two, people_of
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


def findings_between_releases(folder, seed):
    """What the attacker finds of two releases: 1 to 9 people have come, or these beside many in one group."""
    rng = np.random.default_rng([21, seed])
    people = random_people(rng)
    few = random_people(rng).head(int(rng.integers(1, 10)))
    many = random_people(rng).head(int(rng.choice([0, 0, 25, 60])))
    many = many.with_columns(region=pl.lit(int(rng.integers(4)), people["region"].dtype))
    came = pl.concat([few, many]).with_columns(wave=pl.lit(people["wave"][0], pl.Int64))
    files = {"before": people, "after": pl.concat([people, came])}
    chosen = [CHOICES[k] for k in sorted(rng.choice(len(CHOICES), rng.integers(1, 4), replace=False))]
    releases, formers = [], []
    for name, frame in files.items():
        frame.write_parquet(folder / "people.parquet")
        (folder / "study.toml").write_text(study_of(chosen, 60, 10))
        spec = engine.load_study(folder / "study.toml")
        free = spec.model_copy(update={"disclosure": None})
        run = engine.run(free, folder / "people.parquet", folder / f"{name}{seed}", report=False)
        told = release(run.rows, run.manifest, spec, formers)
        formers = [Former(rows=told.rows, manifest=told.manifest)]
        shown = told.manifest["disclosure"]["held_back"]
        every = people_of(frame, pl.col("income") < 60)
        releases.append((to_frame(told.rows).iter_rows(named=True), told.manifest, every, shown))
    first, second = releases
    if second[-1]:  # nothing new is told
        return []
    known = {one["name"]: {**one, "where": {"sex": "m"} if "where" in one else {}} for one in chosen}
    return [(seed, *found) for found in attack_on_two(first[:3], second[:3], known, 10)]


@pytest.mark.parametrize("seed", range(3))
def test_attacker__finds_no_small_number(cli, tmp_path, seed):
    assert not findings(cli, tmp_path, seed)


@pytest.mark.slow
def test_attacker__finds_no_small_number_in_many_studies(cli, tmp_path, request):
    cases = request.config.getoption("--cases") or 1000
    assert not [found for seed in range(cases) for found in findings(cli, tmp_path, seed)]
