"""Linearised errors of decompositions against the delete-one-PSU jackknife and the Rao-Wu bootstrap."""

import numpy as np
import polars as pl
import pytest

import engine

TERMS = ["sex", "tenure", "age", "wealth"]
NEED = ["sex", "age"]
DESIGN = {"weight": "w", "stratum": "h", "cluster": "psu"}
MODELS = [
    ("cost", "linear", "average", "standard"),
    ("ill", "linear", "average", "wagstaff"),
    ("ill", "logit", "average", "erreygers"),
    ("ill", "logit", "at-means", "standard"),
    ("ill", "logit", "discrete", "generalized"),
    ("ill", "probit", "average", "standard"),
    ("ill", "probit", "discrete", "modified"),
    ("ill", "binomial-identity", "average", "standard"),
]


def people(n_psus, seed=1, size=25):
    """Four strata; income, illness and costs follow the covariates, and all differ between PSUs."""
    random = np.random.default_rng(seed)
    n = n_psus * size
    psu = np.repeat(np.arange(n_psus), size)
    age, tenure = random.integers(20, 60, n), random.choice(["own", "rent", "other"], n)
    wealth = (3.0 + random.normal(0, 1, n) + random.normal(0, 0.5, n_psus)[psu]).round(2)
    p = np.clip(0.45 + 0.005 * (age - 40) - 0.08 * (tenure == "rent") - 0.03 * (wealth - 3), 0.1, 0.9)
    ill = (random.random(n) < p).astype(int)
    return pl.DataFrame(
        {
            "ill": ill,
            "cost": np.exp(ill + 0.02 * age + random.normal(0, 1, n)).round(1),
            "income": (10 * (wealth + random.normal(0, 1, n))).round(),
            "age": age,
            "wealth": wealth,
            "tenure": tenure,
            "sex": random.choice(["f", "m"], n),
            "w": random.uniform(0.5, 2, n).round(3) * (1 + psu % 3),
            "psu": psu,
            "h": psu * 4 // n_psus,
            "wave": np.array(["a", "b"])[psu % 2],
        }
    )


def call_of(outcome, model, effect, index):
    bounds = {"bounds": (0, 1)} if outcome == "ill" else {}
    design = {"outcome": outcome, "rank_by": "income", "terms": TERMS, "need": NEED, **DESIGN}
    return {**design, "model": model, "effect": effect, "index": index, **bounds}


def by_quantity(result):
    return {(row.measure, row.term, row.level): row for row in result.rows}


def errors(result):
    return {key: row.std_error for key, row in by_quantity(result).items()}


def gaps(found, expected, clear=0.0):
    """Return the relative differences of errors, of quantities so many errors away from 0.

    Shares are left out, which divide by an index near 0. A contribution is a product of two estimates: where
    both may be 0 its error is of second order, which linearised errors leave out.
    """
    return [
        abs(found[key].std_error / error - 1)
        for key, error in expected.items()
        if key[0] != "share" and error and abs(found[key].estimate) >= clear * error
    ]


@pytest.mark.parametrize(("outcome", "model", "effect", "index"), MODELS)
def test_errors__come_near_the_jackknife_as_psus_grow(outcome, model, effect, index):
    call = call_of(outcome, model, effect, index)
    largest = []
    for n_psus in (40, 320):
        frame = people(n_psus)
        linearised = engine.decompose(frame, **call)
        deleted = engine.decompose(frame, **call, method="jackknife")
        assert {row.method for row in linearised.rows} == {f"{model}, linearised"}
        assert [row.estimate for row in linearised.rows] == [row.estimate for row in deleted.rows]
        of_clear = gaps(by_quantity(linearised), errors(deleted), clear=2.0)
        assert len(of_clear) > 8
        largest.append((max(of_clear), max(gaps(by_quantity(linearised), errors(deleted)))))
    assert largest[0][0] < 0.07
    assert largest[1][0] < 0.006
    assert largest[1][1] < 0.012


def test_errors__come_near_a_jackknife_by_hand():
    """Each PSU left out in turn, the others of its stratum weighing more, and everything computed again."""
    frame, call = people(40), call_of("ill", "logit", "average", "standard")
    of_stratum = dict(frame.group_by("h").agg(pl.col("psu").n_unique()).iter_rows())
    whole = by_quantity(engine.decompose(frame, **call))
    variance = dict.fromkeys(whole, 0.0)
    for psu, h in frame.select("psu", "h").unique().iter_rows():
        n = of_stratum[h]
        heavier = pl.when(pl.col("h") == h).then(pl.col("w") * n / (n - 1)).otherwise(pl.col("w"))
        left = by_quantity(engine.decompose(frame.filter(pl.col("psu") != psu).with_columns(heavier), **call))
        for key, row in left.items():
            variance[key] += (n - 1) / n * (row.estimate - whole[key].estimate) ** 2
    expected = {key: np.sqrt(value) for key, value in variance.items()}
    assert max(gaps(whole, expected, clear=2.0)) < 0.07


def nhanes(shared):
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet")
    frame = frame.filter(pl.col("WTINT2YR") > 0).select(
        diabetes=(pl.col("Diabetes") == "Yes").cast(pl.Float64),
        income=pl.col("Poverty"),
        age=pl.col("Age").cast(pl.Float64),
        sex=pl.col("Gender").cast(pl.String),
        race=pl.col("Race1").cast(pl.String),
        w=pl.col("WTINT2YR"),
        h=pl.col("SDMVSTRA"),
        psu=pl.col("SDMVPSU"),
    )
    call = {
        "outcome": "diabetes",
        "rank_by": "income",
        "terms": ["age", "sex", "race"],
        "need": ["age", "sex"],
    }
    return frame, {**call, "weight": "w", "stratum": "h", "cluster": "psu", "nested": True}


def doctoraus(shared):
    frame = pl.read_parquet(shared / "data" / "doctoraus.parquet")
    terms = ["sex", "age", "illness", "actdays", "insurance"]
    return frame, {"outcome": "doctorco", "rank_by": "income", "terms": terms, "need": terms[:4]}


def simulated(call):
    return lambda _: (people(200, seed=3), call_of(*call))


DATA = {
    "costs": simulated(MODELS[0]),
    "logit": simulated(MODELS[2]),
    "nhanes": nhanes,
    "doctoraus": doctoraus,
}


@pytest.mark.parametrize("name", DATA)
def test_errors__come_near_the_bootstrap(name, request):
    """400 replicates tell a standard error to 3.5 per cent: four such errors."""
    shared = request.getfixturevalue("shared") if name in ("nhanes", "doctoraus") else None
    frame, call = DATA[name](shared)
    drawn = engine.decompose(frame, **call, bootstrap=400, interval="normal", seed=5)
    of_clear = gaps(by_quantity(engine.decompose(frame, **call)), errors(drawn), clear=2.0)
    assert len(of_clear) > 10
    assert max(of_clear) < 0.14


@pytest.mark.parametrize("waves", ["apart", "in-the-same-psus"])
@pytest.mark.parametrize("call", [MODELS[0], MODELS[2]])
def test_errors_of_a_change__come_near_the_jackknife(waves, call):
    """Waves of other PSUs are independent; those of the same PSUs are not."""
    frame = people(320)
    if waves != "apart":
        frame = frame.with_columns(
            wave=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("a")).otherwise(pl.lit("b"))
        )
    asked = {**call_of(*call), "by": "wave", "change": True}
    results = [engine.decompose(frame, **asked, **more) for more in ({}, {"method": "jackknife"})]
    found, expected = [
        {
            (row.measure, row.term, row.level, "first e" in row.method): row
            for row in result.rows
            if " - " in str(row.subgroup)
        }
        for result in results
    ]
    assert len(found) > 30
    assert {row.status for row in found.values()} == {"ok"}
    for key, row in expected.items():
        assert found[key].estimate == row.estimate
        assert found[key].method.endswith(", linearised")
        if abs(row.estimate) > row.std_error:
            assert found[key].std_error == pytest.approx(row.std_error, rel=0.03)
