"""Properties of balanced studies, and factors, replicates and errors that are made here in plain words."""

import json

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

import engine
from engine.balance import BalanceCells
from engine.estimators.sample.balance import balance_cells, balance_influence
from engine.estimators.sample.balance import balanced as balanced_cells
from tests.study_texts import analysis, event, factor, study_text

PEOPLE = 500
RANKED = {"outcome": "ill", "rank_by": "income"}
JACKKNIFE = {"bootstrap": {"replicates": 100, "method": "jackknife"}}
COVARIATES = ["sex", "age", "years"]


def people(seed=3):
    """People of three waves whose make-up differs; 4 strata of 5 clusters."""
    random = np.random.default_rng(seed)
    psu = np.sort(random.integers(0, 20, PEOPLE))
    wave = random.integers(1, 4, PEOPLE)
    sex = random.random(PEOPLE) < 0.4 + 0.08 * wave
    years = np.round(random.normal(10 + wave, 3.0, PEOPLE))
    old = random.random(PEOPLE) < 0.7 - 0.12 * wave
    income = np.round(np.exp(random.normal(0.3 * sex - 0.2 * old + 0.05 * years, 0.6)), 3)
    ill = random.random(PEOPLE) < 0.15 + 0.3 * old + 0.1 * (income < 2)
    return pl.DataFrame(
        {
            "psu": psu,
            "stratum": psu // 5,
            "w": np.round(random.uniform(5, 40, PEOPLE), 2),
            "year": wave,
            "sex": np.array(["f", "m"])[sex.astype(int)],
            "age": np.array(["young", "old"])[old.astype(int)],
            "years": years,
            "income": income,
            "ill": ill.astype(int),
            "asked": (random.random(PEOPLE) < 0.9).astype(int),
        }
    )


def run(folder, frame, analyses, *, balance=None, design=None, sample=None, **options):
    folder.mkdir(exist_ok=True)
    frame.write_parquet(folder / "people.parquet")
    design = {"weight": "w", "stratum": "stratum", "cluster": "psu"} if design is None else design
    text = study_text(
        source={"path": "people.parquet", "wave": "year"},
        seed=7,
        design=design if balance is None else {**design, "balance": balance},
        variables={
            "ill": event("yes", no=[0], yes=[1]),
            "income": {},
            "sex": factor(f=["f"], m=["m"]),
            "age": factor(young=["young"], old=["old"]),
            "years": {},
            "asked": factor(no=[0], yes=[1]),
            "round": {"from": "year", **factor(a=[1], b=[2], c=[3])},
        },
        sample=sample,
        analyses=analyses,
    )
    (folder / "study.toml").write_text(text)
    return engine.run(folder / "study.toml", out=folder / "run", report=False, **options).to_frame()


def asked(to="1", method="entropy", variables=COVARIATES, **more):
    return {"by": "wave", "to": to, "variables": variables, "method": method, **more}


def matrix(frame):
    sex, age = (frame["sex"] == "m").to_numpy(), (frame["age"] == "old").to_numpy()
    years = frame["years"].to_numpy()
    return np.column_stack([np.ones(len(years)), sex, age, (years - 12.0) / 3.0])


def tilted(x, weight, target):
    """Return weights exp(x'l) that meet the means, by Newton steps."""
    multiplier = np.zeros(x.shape[1])
    for _ in range(12):
        moved = weight * np.exp(x @ multiplier)
        moved *= weight.sum() / moved.sum()
        mean = moved @ x / moved.sum()
        spread = (x * moved[:, None]).T @ x / moved.sum() - np.outer(mean, mean)
        multiplier += np.linalg.solve(spread, target - mean)
    return moved


def logit(x, weight, event):
    beta = np.zeros(x.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (weight * p * (1 - p))[:, None]).T @ x
        beta += np.linalg.solve(information, x.T @ (weight * (event - p)))
    return x @ beta


def balanced(frame, weight, to="1", method="entropy"):
    """Balance the waves in plain words."""
    wave, x, out = frame["year"].to_numpy().astype(str), matrix(frame), weight.astype(float).copy()
    reference = (wave == to) | (to == "all")
    target = weight[reference] @ x[reference] / weight[reference].sum()
    for g in np.unique(wave):
        if g == to:
            continue
        inside = wave == g
        if method == "entropy":
            out[inside] = tilted(x[inside, 1:], weight[inside], target[1:])
        else:
            fitted = reference | inside
            of_event = inside if to == "all" else reference
            eta = np.zeros(len(wave))
            eta[fitted] = logit(x[fitted], weight[fitted], of_event[fitted].astype(float))
            raw = 1 + np.exp(-eta) if to == "all" else np.exp(eta)
            of_group = weight[inside] * raw[inside]
            out[inside] = of_group * weight[inside].sum() / of_group.sum()
    return out


def mean_of(wave, frame):
    inside = (frame["year"] == wave).to_numpy()
    income = frame["income"].to_numpy()
    return lambda weight: (weight * income)[inside].sum() / weight[inside].sum()


def jackknifed(frame, estimate, adjust, deleted="psu"):
    """Delete each cluster, balance again, estimate again (JKn, about the estimate)."""
    weight, psu, stratum = (frame[name].to_numpy() for name in ("w", deleted, "stratum"))
    whole, variance = estimate(adjust(frame, weight)), 0.0
    for unit in np.unique(psu):
        in_stratum = stratum == stratum[psu == unit][0]
        n = len(np.unique(psu[in_stratum]))
        times = np.where(in_stratum, n / (n - 1), 1.0) * (psu != unit)
        kept = times > 0
        moved = np.zeros(len(weight))
        moved[kept] = adjust(frame.filter(kept), (weight * times)[kept])
        variance += (n - 1) / n * (estimate(moved) - whole) ** 2
    return whole, np.sqrt(variance)


CASES = [("1", "entropy"), ("all", "entropy"), ("1", "ipw"), ("all", "ipw")]


def small_cells(to, method, seed=5):
    """Return cells of two covariates in three groups, and one cell of nobody's group."""
    random = np.random.default_rng(seed)
    group = np.r_[np.repeat([0, 1, 2], 14), -1]
    sums = random.uniform(1, 9, len(group))
    codes, values = random.integers(0, 2, len(group)).astype(float), random.normal(0, 1, len(group))
    x = balance_cells([codes], [values], group, sums)
    cells = BalanceCells(
        x=x,
        group=group,
        reference=-1 if to == "all" else 0,
        is_entropy=method == "entropy",
        factor=np.ones(len(group)),
        probability=np.zeros((0, len(group))),
    )
    return cells, sums, random.normal(3, 1, len(group))


@pytest.mark.parametrize(("to", "method"), CASES)
def test_influence__is_the_derivative_by_every_weight(to, method):
    cells, sums, y = small_cells(to, method)

    def estimate(weight):
        adjusted = weight * balanced_cells(cells, weight).factor
        inside = cells.group != 2
        return (adjusted * y)[inside].sum() / adjusted[inside].sum()

    found = balanced_cells(cells, sums)
    adjusted, inside = sums * found.factor, cells.group != 2
    W = adjusted[inside].sum()
    z = np.where(inside, y - estimate(sums), 0.0) / W
    influence = z * found.factor + balance_influence(found, sums, adjusted * z)
    step = 1e-4
    for c in range(len(sums)):
        moved = [np.where(np.arange(len(sums)) == c, sums + sign * step, sums) for sign in (1, -1)]
        derivative = (estimate(moved[0]) - estimate(moved[1])) / (2 * step)
        assert influence[c] == pytest.approx(derivative, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("to", ["1", "all"])
def test_entropy__is_the_minimum_of_the_dual_and_meets_the_means(to):
    cells, sums, _ = small_cells(to, "entropy")
    factor = balanced_cells(cells, sums).factor
    reference = cells.is_reference
    target = sums[reference] @ cells.x[reference] / sums[reference].sum()
    for g in cells.adjusted_groups:
        inside = cells.group == g
        x, weight = cells.x[inside], sums[inside]
        adjusted = weight * factor[inside]
        assert adjusted @ x / weight.sum() == pytest.approx(target, abs=1e-10)

        def dual(multiplier, x=x, weight=weight):
            moved = weight / weight.sum() * np.exp(x[:, 1:] @ multiplier)
            return np.log(moved.sum()) - target[1:] @ multiplier

        best = minimize(dual, np.zeros(x.shape[1] - 1), tol=1e-12).x
        moved = weight * np.exp(x[:, 1:] @ best)
        assert adjusted == pytest.approx(moved * weight.sum() / moved.sum(), rel=1e-5)


@pytest.mark.parametrize("to", ["1", "all"])
def test_ipw__is_the_logit_of_statsmodels(to):
    cells, sums, _ = small_cells(to, "ipw")
    found = balanced_cells(cells, sums)
    for g in cells.adjusted_groups:
        inside = cells.group == g
        fitted = (cells.group >= 0) if to == "all" else inside | (cells.group == 0)
        event = (inside if to == "all" else ~inside)[fitted].astype(float)
        family = sm.families.Binomial()
        fit = sm.GLM(event, cells.x[fitted], family=family, freq_weights=sums[fitted]).fit(tol=1e-14)
        p = fit.predict(cells.x[inside])
        raw = 1 / p if to == "all" else p / (1 - p)
        raw *= sums[inside].sum() / (sums[inside] @ raw)
        assert found.factor[inside] == pytest.approx(raw, rel=1e-9)


@pytest.mark.parametrize(("to", "method"), [CASES[0], CASES[3]])
def test_means__are_those_of_balanced_weights_and_the_jackknife_balances_again(tmp_path, to, method):
    frame = people()
    gap = analysis("disparity", outcome="income", group="round", measure="difference", **JACKKNIFE)
    means = analysis("describe", variables="income", by="wave")
    rows = run(tmp_path, frame, [means, gap], balance=asked(to, method))

    def adjust(part, weight):
        return balanced(part, weight, to, method)

    means_of_waves = [mean_of(wave, frame) for wave in (1, 2, 3)]
    of_wave, errors = jackknifed(frame, lambda w: np.array([mean(w) for mean in means_of_waves]), adjust)
    for wave, value, error in zip((1, 2, 3), of_wave, errors, strict=True):
        row = rows.filter(pl.col("measure") == "mean", pl.col("wave") == str(wave)).to_dicts()[0]
        assert row["estimate"] == pytest.approx(value, rel=1e-9)
        assert row["std_error"] == pytest.approx(error, rel=0.08)
    linearised, replicated = rows.filter(pl.col("measure") == "difference").to_dicts()
    assert linearised["estimate"] == pytest.approx(max(of_wave) - min(of_wave), rel=1e-9)
    assert linearised["std_error"] == pytest.approx(replicated["std_error"], rel=0.08)


def test_rows_as_units__means_have_the_error_of_all_influence_values(tmp_path):
    frame = people()
    means = analysis("describe", variables="income", by="wave")
    of_people = {"weight": "w", "stratum": "stratum"}
    alone = frame.with_columns(psu=pl.int_range(pl.len()))
    by_rows = run(tmp_path / "a", frame, [means], balance=asked("1"), design=of_people)
    by_units = run(tmp_path / "b", alone, [means], balance=asked("1"))
    found, expected = (rows.filter(pl.col("measure") == "mean")["std_error"] for rows in (by_rows, by_units))
    assert found.to_list() == pytest.approx(expected.to_list(), rel=1e-9)


def test_threads_order_of_records_and_scale_of_weights__do_not_matter(tmp_path):
    frame = people()
    analyses = [
        analysis("concentration", **RANKED, by="wave", bootstrap={"replicates": 96}),
        analysis("rates", outcome="ill", rows="age"),
    ]
    first = run(tmp_path / "a", frame, analyses, balance=asked("all"), threads=1)
    mixed = frame.sample(fraction=1, shuffle=True, seed=1)
    assert run(tmp_path / "b", mixed, analyses, balance=asked("all"), threads=2).equals(first)
    assert first["n_failed"].max() == 0
    scaled = run(tmp_path / "c", frame.with_columns(pl.col("w") * 8), analyses, balance=asked("all"))
    for column in ("estimate", "std_error", "conf_low"):
        pair = [rows[column].fill_null(np.nan).to_list() for rows in (scaled, first)]
        assert pair[0] == pytest.approx(pair[1], rel=1e-8, nan_ok=True)


def test_groups_that_are_alike__keep_their_weights(tmp_path):
    frame = pl.concat([people().with_columns(year=pl.lit(wave)) for wave in (1, 2)])
    frame = frame.with_columns(psu=pl.col("psu") + 20 * pl.col("year"), stratum=pl.col("psu") // 5)
    means = [analysis("describe", variables="income", by="wave")]
    plain = run(tmp_path / "a", frame, means)
    for method in ("entropy", "ipw"):
        same = run(tmp_path / method, frame, means, balance=asked("1", method))
        assert same["estimate"].to_list() == pytest.approx(plain["estimate"].to_list(), rel=1e-9, nan_ok=True)


def test_sample_rules_and_where__say_who_is_balanced(tmp_path):
    frame, rule = people(), {"Asked": "asked = 'yes'"}
    analyses = [analysis("describe", variables=["sex", "years"], by="wave")]
    rows = run(tmp_path, frame, analyses, balance=asked("1", where="years > 6"), sample=rule)
    kept = frame.filter(pl.col("asked") == 1)
    inside = (kept["years"] > 6).to_numpy()
    weight = kept["w"].to_numpy().astype(float).copy()
    weight[inside] = balanced(kept.filter(inside), weight[inside])
    for wave in (1, 2, 3):
        of_wave = (kept["year"] == wave).to_numpy()
        mean = (weight * kept["years"].to_numpy())[of_wave].sum() / weight[of_wave].sum()
        found = rows.filter(pl.col("measure") == "mean", pl.col("wave") == str(wave))
        assert found["estimate"].item() == pytest.approx(mean, rel=1e-9)


def test_exported_and_given_replicate_weights__are_each_balanced(tmp_path):
    from engine.batch.weights_export import export_weights

    run(tmp_path, people(), [analysis("describe")], balance=asked("1"))
    made = export_weights(tmp_path / "study.toml", tmp_path / "w.parquet", replicates=20)
    frame = pl.read_parquet(made.path)
    for name in ("weight", *(f"rw_{r}" for r in range(1, 21))):
        means = frame.group_by("wave").agg((pl.col(name) * pl.col("years")).sum() / pl.col(name).sum())
        values = means[name].to_list()
        assert values == pytest.approx([values[0]] * 3, rel=1e-9)
    assert json.loads(made.side.read_text())["balance"]["variables"] == COVARIATES
    # The replicates before the balance, given with the data, come to the same weights.
    run(tmp_path, people(), [analysis("describe")])
    plain = pl.read_parquet(
        export_weights(tmp_path / "study.toml", tmp_path / "p.parquet", replicates=20).path
    )
    given = {"columns": "rw_*", "method": "bootstrap", "scale": 1 / 20}
    plain = plain.rename({"weight": "w", "wave": "year"}).with_columns(pl.col("year").cast(int))
    numbered = {"sex": pl.col("sex"), "ill": (pl.col("ill") == "yes").cast(int), "asked": pl.lit(1)}
    design = {"weight": "w", "replicate_weights": given}
    rows = run(
        tmp_path / "given",
        plain.with_columns(**numbered),
        [analysis("describe", variables="years", by="wave")],
        balance=asked("1"),
        design=design,
    )
    of_years = rows.filter(pl.col("measure") == "mean", pl.col("wave").is_not_null())
    assert of_years["estimate"].to_list() == pytest.approx([of_years["estimate"][0]] * 3, rel=1e-9)
    assert of_years["std_error"].to_list() == pytest.approx([of_years["std_error"][0]] * 3, rel=1e-6)
