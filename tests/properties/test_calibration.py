"""Properties of calibrated studies, and replicates and errors that are made here by plain loops."""

import json

import numpy as np
import polars as pl
import pytest

import engine
from tests.study_texts import analysis, event, factor, study_text

PEOPLE = 400
POPULATION = {"sex": {"f": 5200.0, "m": 4800.0}, "age": {"young": 4500.0, "old": 5500.0}}
MARGINS = [{"by": [name], "totals": totals} for name, totals in POPULATION.items()]
RANKED = {"outcome": "ill", "rank_by": "income"}
JACKKNIFE = {"bootstrap": {"method": "jackknife", "interval": "normal"}}


def people(seed=3):
    """A sample in which income, illness and weights follow age and sex; 4 strata of 5 clusters."""
    random = np.random.default_rng(seed)
    psu = np.sort(random.integers(0, 20, PEOPLE))
    sex, age = random.integers(0, 2, PEOPLE), random.integers(0, 2, PEOPLE)
    income = np.round(np.exp(random.normal(0.3 * sex - 0.2 * age + 0.05 * psu, 0.6)), 3)
    ill = random.random(PEOPLE) < 0.15 + 0.3 * age + 0.1 * (income < 1)
    return pl.DataFrame(
        {
            "psu": psu,
            "stratum": psu // 5,
            "w": np.round(random.uniform(5, 40, PEOPLE), 2),
            "sex": np.array(["f", "m"])[sex],
            "age": np.array(["young", "old"])[age],
            "income": income,
            "ill": ill.astype(int),
            "region": np.array(["n", "s"])[random.integers(0, 2, PEOPLE)],
        }
    )


def run(folder, frame, analyses, *, calibration=None, design=None, **options):
    folder.mkdir(exist_ok=True)
    frame.write_parquet(folder / "people.parquet")
    design = {"weight": "w", "stratum": "stratum", "cluster": "psu"} if design is None else design
    text = study_text(
        source="people.parquet",
        seed=7,
        design=design if calibration is None else {**design, "calibration": calibration},
        variables={
            "ill": event("yes", no=[0], yes=[1]),
            "income": {},
            "sex": factor(f=["f"], m=["m"]),
            "age": factor(young=["young"], old=["old"]),
            "region": factor(n=["n"], s=["s"]),
        },
        analyses=analyses,
    )
    (folder / "study.toml").write_text(text)
    return engine.run(folder / "study.toml", out=folder / "run", report=False, **options).to_frame()


def raking(margins=MARGINS, method="raking"):
    return {"method": method, "margins": margins}


def raked(weight, frame, margins=POPULATION):
    """Rake by iterative proportional fitting, in plain words."""
    weight = weight.astype(float).copy()
    for _ in range(15):
        for name, totals in margins.items():
            for level, total in totals.items():
                inside = (frame[name] == level).to_numpy()
                weight[inside] *= total / weight[inside].sum()
    return weight


def index_of(weight, outcome, rank):
    order = np.argsort(rank, kind="stable")
    weight, outcome, rank = weight[order], outcome[order], rank[order]
    share = weight / weight.sum()
    _, tie = np.unique(rank, return_inverse=True)
    of_tie = np.bincount(tie, weights=share)
    fraction = (np.cumsum(of_tie) - of_tie / 2)[tie]
    return 2 * (share * outcome * fraction).sum() / (share * outcome).sum() - 1


def jackknifed(frame, estimate, deleted="psu"):
    """Delete each cluster, rake again, estimate again (JKn, about the estimate)."""
    weight, psu, stratum = (frame[name].to_numpy() for name in ("w", deleted, "stratum"))
    whole, variance = estimate(raked(weight, frame)), 0.0
    for unit in np.unique(psu):
        in_stratum = stratum == stratum[psu == unit][0]
        n = len(np.unique(psu[in_stratum]))
        times = np.where(in_stratum, n / (n - 1), 1.0) * (psu != unit)
        variance += (n - 1) / n * (estimate(raked(weight * times, frame)) - whole) ** 2
    return whole, np.sqrt(variance)


def test_index__is_that_of_raked_weights_and_the_jackknife_rakes_again(tmp_path):
    frame = people()
    rows = run(tmp_path, frame, [analysis("concentration", **RANKED, **JACKKNIFE)], calibration=raking())
    linearised, replicated = rows.filter(pl.col("measure") == "standard").iter_rows(named=True)
    outcome, rank = frame["ill"].to_numpy().astype(float), frame["income"].to_numpy()
    value, error = jackknifed(frame, lambda weight: index_of(weight, outcome, rank))
    assert linearised["estimate"] == pytest.approx(value, rel=1e-10)
    about_mean = replicated["std_error"]
    assert about_mean == pytest.approx(error, rel=2e-3)
    assert linearised["std_error"] == pytest.approx(error, rel=0.02)


def test_domain__residuals_are_those_of_everybody(tmp_path):
    frame = people()
    asked = analysis("concentration", **RANKED, by="region", **JACKKNIFE)
    rows = run(tmp_path, frame, [asked], calibration=raking())
    outcome, rank = frame["ill"].to_numpy().astype(float), frame["income"].to_numpy()
    inside = (frame["region"] == "n").to_numpy()
    value, error = jackknifed(frame, lambda w: index_of(w[inside], outcome[inside], rank[inside]))
    of_north = rows.filter(pl.col("subgroup") == "region=n")
    assert of_north["estimate"].to_list() == pytest.approx([value] * 2, rel=1e-10)
    assert of_north["std_error"].to_list() == pytest.approx([error] * 2, rel=0.03)


def brute_linearised(frame, z, weight, clusters):
    """Return the error of sum w z: residuals on margins, weights before calibration in the regression."""
    before = frame["w"].to_numpy()
    x = np.column_stack([(frame["sex"] == "f"), (frame["sex"] == "m"), (frame["age"] == "old")]).astype(float)
    b = np.linalg.solve((x * before[:, None]).T @ x, (x * before[:, None]).T @ z)
    e, stratum, variance = weight * (z - x @ b), frame["stratum"].to_numpy(), 0.0
    for h in np.unique(stratum):
        inside = stratum == h
        units = np.unique(clusters[inside], return_inverse=True)[1]
        totals = np.bincount(units, weights=e[inside])
        n = len(totals)
        variance += n / (n - 1) * ((totals - totals.mean()) ** 2).sum()
    return np.sqrt(variance)


@pytest.mark.parametrize("has_clusters", [True, False])
def test_mean_of_a_domain__has_the_error_of_residuals_of_all_records(tmp_path, has_clusters):
    frame = people()
    design = {"weight": "w", "stratum": "stratum", **({"cluster": "psu"} if has_clusters else {})}
    asked = [analysis("describe", variables="income", by="region"), analysis("concentration", **RANKED)]
    rows = run(tmp_path, frame, asked, calibration=raking(), design=design)
    weight = raked(frame["w"].to_numpy(), frame)
    clusters = frame["psu"].to_numpy() if has_clusters else np.arange(PEOPLE)
    for region in ("n", "s"):
        inside = (frame["region"] == region).to_numpy()
        y, W = frame["income"].to_numpy(), weight[inside].sum()
        mean = (weight * y)[inside].sum() / W
        z = np.where(inside, y - mean, 0.0) / W
        row = rows.filter(pl.col("measure") == "mean", pl.col("subgroup") == f"region={region}")
        assert row["estimate"].item() == pytest.approx(mean, rel=1e-10)
        assert row["std_error"].item() == pytest.approx(
            brute_linearised(frame, z, weight, clusters), rel=1e-9
        )


def test_rows_as_units__the_index_has_the_jackknife_that_rakes_again(tmp_path):
    frame = people().with_columns(person=pl.int_range(pl.len()))
    asked = analysis("concentration", **RANKED, by="region", **JACKKNIFE)
    design = {"weight": "w", "stratum": "stratum"}
    rows = run(tmp_path, frame, [asked], calibration=raking(), design=design)
    outcome, rank = frame["ill"].to_numpy().astype(float), frame["income"].to_numpy()
    inside = (frame["region"] == "s").to_numpy()
    estimate = lambda w: index_of(w[inside], outcome[inside], rank[inside])  # noqa: E731
    value, error = jackknifed(frame, estimate, deleted="person")
    of_south = rows.filter(pl.col("subgroup") == "region=s")
    assert of_south["estimate"].to_list() == pytest.approx([value] * 2, rel=1e-10)
    assert of_south["std_error"].to_list() == pytest.approx([error] * 2, rel=0.04)


def test_totals_that_hold__change_errors_and_nothing_else(tmp_path):
    frame = people()
    weight = frame["w"].to_numpy()
    held = [
        {"by": [name], "totals": {level: weight[(frame[name] == level).to_numpy()].sum() for level in totals}}
        for name, totals in POPULATION.items()
    ]
    asked = [analysis("concentration", **RANKED), analysis("describe", variables=["income", "sex"])]
    plain = run(tmp_path / "plain", frame, asked)
    same = run(tmp_path / "same", frame, asked, calibration=raking(held))
    assert same["estimate"].to_list() == pytest.approx(plain["estimate"].to_list(), rel=1e-13, nan_ok=True)
    of_income = pl.col("measure") == "mean"
    before, after = (rows.filter(of_income)["std_error"].item() for rows in (plain, same))
    assert abs(after - before) > 1e-3 * before
    shares = same.filter(pl.col("measure") == "weighted_percent", pl.col("term") == "sex")
    assert shares["std_error"].max() < 1e-10


def test_order_of_records_and_scale_of_weights__do_not_matter(tmp_path):
    frame = people()
    asked = [
        analysis("concentration", **RANKED, by="region", bootstrap={"replicates": 200}),
        analysis("rates", outcome="ill", rows="age"),
        analysis("logit", outcome="ill", terms=["age", "income"]),
    ]
    first = run(tmp_path / "a", frame, asked, calibration=raking())
    shuffled = run(
        tmp_path / "b", frame.sample(fraction=1, shuffle=True, seed=1), asked, calibration=raking()
    )
    assert shuffled.equals(first)
    scaled = run(tmp_path / "c", frame.with_columns(pl.col("w") * 8), asked, calibration=raking())
    for column in ("estimate", "std_error", "conf_low"):
        pair = [
            [np.nan if value is None else value for value in rows[column].to_list()]
            for rows in (scaled, first)
        ]
        assert pair[0] == pytest.approx(pair[1], rel=1e-8, nan_ok=True)


def test_replicates__have_the_same_bits_on_any_threads(tmp_path):
    asked = [
        analysis("concentration", **RANKED, by="region", bootstrap={"replicates": 300}),
        analysis("disparity", outcome="ill", group="age", measure="difference", bootstrap={"replicates": 60}),
        analysis("decomposition", **RANKED, terms=["age"], model="linear", bootstrap={"replicates": 60}),
        analysis("rif", **RANKED, terms=["age"], bootstrap={"replicates": 60}),
    ]
    one = run(tmp_path, people(), asked, calibration=raking(), threads=1)
    two = run(tmp_path, people(), asked, calibration=raking(), threads=2)
    assert one.equals(two)
    assert one["n_failed"].max() == 0


def test_given_replicate_weights__are_each_calibrated(tmp_path):
    frame, random = people(), np.random.default_rng(5)
    times = random.choice([0.4, 1.6], (12, 20))[:, frame["psu"].to_numpy()]
    values = frame["w"].to_numpy() * times
    frame = frame.with_columns(pl.Series(f"rw_{r}", values[r]) for r in range(12))
    design = {"weight": "w", "replicate_weights": {"columns": "rw_*", "method": "brr"}}
    asked = [analysis("concentration", **RANKED), analysis("describe", variables="sex")]
    rows = run(tmp_path, frame, asked, calibration=raking(), design=design)
    outcome, rank = frame["ill"].to_numpy().astype(float), frame["income"].to_numpy()
    whole = index_of(raked(frame["w"].to_numpy(), frame), outcome, rank)
    each = np.array([index_of(raked(one, frame), outcome, rank) for one in values])
    row = rows.filter(pl.col("measure") == "standard")
    assert row["estimate"].item() == pytest.approx(whole, rel=1e-10)
    assert row["std_error"].item() == pytest.approx(np.sqrt(((each - whole) ** 2).mean()), rel=1e-8)
    shares = rows.filter(pl.col("measure") == "weighted_percent", pl.col("term") == "sex")
    assert shares["std_error"].max() < 1e-8


def test_exported_weights__meet_the_totals_in_every_replicate(tmp_path):
    from engine.batch.weights_export import export_weights

    run(tmp_path, people(), [analysis("describe")], calibration=raking(method="linear"))
    made = export_weights(tmp_path / "study.toml", tmp_path / "w.parquet", replicates=30)
    frame = pl.read_parquet(made.path)
    for name in ("weight", *(f"rw_{r}" for r in range(1, 31))):
        for margin, totals in POPULATION.items():
            sums = dict(frame.group_by(margin).agg(pl.col(name).sum()).iter_rows())
            assert sums == pytest.approx(totals, rel=1e-9)
    assert json.loads(made.side.read_text())["calibration"]["margins"] == ["sex", "age"]


def test_gaps_and_slopes__linearised_errors_agree_with_the_jackknife(tmp_path):
    asked = [
        analysis("disparity", outcome="ill", group="region", measure=["difference", "ratio"], **JACKKNIFE),
        analysis("disparity", name="slope", **RANKED, measure=["sii", "rii"], **JACKKNIFE),
    ]
    rows = run(tmp_path, people(), asked, calibration=raking())
    for measure in ("difference", "ratio", "sii", "rii"):
        linearised, replicated = rows.filter(pl.col("measure") == measure)["std_error"].to_list()
        assert linearised == pytest.approx(replicated, rel=0.06)


def test_linearised_decomposition__uses_residuals_of_the_calibration(tmp_path):
    """Known margins have no error; the index has that of a concentration analysis; the jackknife is near."""
    decomposed = {**RANKED, "terms": ["sex", "age"], "need": ["age"]}
    settings = {"method": "raking", "margins": MARGINS}
    analyses = [
        analysis("decomposition", "linearised", **decomposed),
        analysis("decomposition", "jackknife", **decomposed, **JACKKNIFE),
        analysis("concentration", "alone", outcome=["ill"], rank_by="income"),
    ]
    rows = run(tmp_path / "calibrated", people(), analyses, calibration=settings)
    found, deleted, alone = (
        {
            (row["measure"], row["term"], row["level"]): row
            for row in rows.filter(pl.col("analysis") == name).iter_rows(named=True)
        }
        for name in ("linearised", "jackknife", "alone")
    )
    whole = found["standard", None, None]
    assert whole["std_error"] == pytest.approx(alone["standard", None, None]["std_error"], rel=1e-9)
    means = [row["std_error"] for key, row in found.items() if key[0] == "mean"]
    assert means == pytest.approx([0.0, 0.0], abs=1e-9)
    for key, row in deleted.items():
        if key[0] in ("effect", "elasticity", "residual", "horizontal_inequity"):
            assert found[key]["std_error"] == pytest.approx(row["std_error"], rel=0.15)
