"""Linear multilevel models: lme4's published fits, statsmodels, dense normal likelihoods, balanced data."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from statsmodels.regression.mixed_linear_model import MixedLM

import engine
from engine.batch.kinds import TABLES
from engine.errors import DataError, EstimationError, StudyError
from engine.report.methods_text import methods_text
from engine.report.run_tables import run_sections
from engine.store.run_directory import read_run
from tests.study_texts import analysis, factor, study_text

# Yield of dyestuff by batch (Davies and Goldsmith 1972), as in lme4, which prints the fit below.
DYESTUFF = [
    [1545, 1440, 1440, 1520, 1580],
    [1540, 1555, 1490, 1560, 1495],
    [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545],
    [1595, 1630, 1515, 1635, 1625],
    [1520, 1455, 1450, 1480, 1445],
]
SPREAD = {"(residual)": 1.3, "village": 0.6, "city": 0.8}


def people(n=400, seed=4, **spread):
    """People in villages of different sizes in cities."""
    random = np.random.default_rng(seed)
    spread = {**SPREAD, **spread}
    city_of = random.integers(0, 12, 45)
    village = random.integers(0, 45, n)
    sex, age = random.integers(0, 2, n), random.normal(50, 12, n)
    y = 20 + 0.5 * sex + 0.1 * age + spread["(residual)"] * random.normal(size=n)
    y += spread["village"] * random.normal(size=45)[village]
    y += spread["city"] * random.normal(size=12)[city_of[village]]
    return pl.DataFrame(
        {"y": y, "sex": np.array(["f", "m"])[sex], "age": age, "village": village, "city": city_of[village]}
    )


def found(result):
    return {(row.measure, row.term, row.level): row for row in result.rows}


def dense(frame, variances, levels):
    """Return matrix, covariance V of all people, and what each variance multiplies, in plain numpy."""
    x = np.column_stack([np.ones(len(frame)), (frame["sex"] == "m").to_numpy(), frame["age"].to_numpy()])
    parts = [np.equal.outer(own, own).astype(float) for own in (frame[name].to_numpy() for name in levels)]
    parts.append(np.eye(len(frame)))
    return x, sum(v * part for v, part in zip(variances, parts, strict=True)), parts


def test_dyestuff__is_the_fit_of_lme4():
    frame = pl.DataFrame({"y": np.ravel(DYESTUFF), "batch": np.repeat(np.arange(6), 5)})
    rows = found(engine.mixed_linear(frame, "y", [], ["batch"]))
    assert rows["coefficient", "(constant)", None].estimate == pytest.approx(1527.5, abs=1e-9)
    assert rows["coefficient", "(constant)", None].std_error == pytest.approx(17.69, abs=0.006)
    assert rows["variance", "batch", None].estimate == pytest.approx(1388.3, abs=0.06)
    assert rows["variance", "(residual)", None].estimate == pytest.approx(2451.2, abs=0.06)
    assert rows["log_likelihood", None, None].estimate == pytest.approx(-163.6635, abs=5e-5)
    assert rows["aic", None, None].estimate == pytest.approx(333.3271, abs=5e-5)


def test_balanced_data__are_those_of_the_analysis_of_variance():
    random = np.random.default_rng(2)
    y = random.normal(size=(30, 8)) + 0.7 * random.normal(size=(30, 1))
    frame = pl.DataFrame({"y": y.ravel(), "batch": np.repeat(np.arange(30), 8)})
    rows = found(engine.mixed_linear(frame, "y", [], ["batch"]))
    within = ((y - y.mean(axis=1, keepdims=True)) ** 2).sum() / (30 * 7)
    between = 8 * ((y.mean(axis=1) - y.mean()) ** 2).sum() / 30
    assert rows["variance", "(residual)", None].estimate == pytest.approx(within, rel=1e-10)
    assert rows["variance", "batch", None].estimate == pytest.approx((between - within) / 8, rel=1e-9)
    icc = (between - within) / 8 / (within + (between - within) / 8)
    assert rows["icc", "batch", None].estimate == pytest.approx(icc, rel=1e-9)


def test_two_levels__are_those_of_statsmodels():
    frame = people()
    rows = found(engine.mixed_linear(frame, "y", ["sex", "age"], ["village"]))
    x, _, _ = dense(frame, [1.0, 1.0], ["village"])
    fit = MixedLM(frame["y"].to_numpy(), x, frame["village"].to_numpy()).fit(reml=False)
    keys = [("coefficient", "(constant)", None), ("coefficient", "sex", "m"), ("coefficient", "age", None)]
    assert [rows[key].estimate for key in keys] == pytest.approx(fit.fe_params, rel=1e-6)
    assert rows["variance", "village", None].estimate == pytest.approx(fit.cov_re[0, 0], rel=1e-4)
    assert rows["variance", "(residual)", None].estimate == pytest.approx(fit.scale, rel=1e-5)
    assert rows["log_likelihood", None, None].estimate == pytest.approx(fit.llf, abs=1e-6)
    ratio = 2 * (fit.llf - sm.OLS(frame["y"].to_numpy(), x).fit().llf)
    assert rows["lr_chi2", "(random effects)", None].estimate == pytest.approx(ratio, abs=1e-6)


@pytest.mark.parametrize("levels", [["village"], ["village", "city"]])
def test_maximum__is_that_of_the_dense_likelihood(levels):
    frame = people()
    rows = found(engine.mixed_linear(frame, "y", ["sex", "age"], levels))
    y, names = frame["y"].to_numpy(), [*levels, "(residual)"]
    variances = [rows["variance", name, None].estimate for name in names]
    x, V, parts = dense(frame, variances, levels)
    inverse = np.linalg.inv(V)
    spread = np.linalg.inv(x.T @ inverse @ x)
    beta = spread @ x.T @ inverse @ y
    r = inverse @ (y - x @ beta)
    likelihood = -0.5 * (len(y) * np.log(2 * np.pi) + np.linalg.slogdet(V)[1] + (y - x @ beta) @ r)
    assert rows["log_likelihood", None, None].estimate == pytest.approx(likelihood, rel=1e-10)
    for k, key in enumerate([("(constant)", None), ("sex", "m"), ("age", None)]):
        row = rows["coefficient", *key]
        assert (row.estimate, row.std_error) == pytest.approx((beta[k], np.sqrt(spread[k, k])), rel=1e-10)
    score = [r @ part @ r - np.trace(inverse @ part) for part in parts]
    assert score == pytest.approx([0.0] * len(parts), abs=1e-6)
    products = [inverse @ part for part in parts]
    information = [[0.5 * np.trace(one @ other) for other in products] for one in products]
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    assert [rows["variance", name, None].std_error for name in names] == pytest.approx(errors, rel=1e-8)


def test_children_of_guatemala__in_mothers_in_communities(shared):
    """A share as a number: the log-likelihood of real families, dense, and no direction that raises it."""
    families = pl.read_parquet(shared / "data" / "guimmun.parquet").filter(pl.col("comm") <= 60)
    frame = families.select(
        pl.col("immun").cast(pl.String).is_in(["1", "Y", "yes"]).cast(pl.Float64), "mom", "comm"
    )
    rows = found(engine.mixed_linear(frame, "immun", [], ["mom", "comm"]))
    y, n = frame["immun"].to_numpy(), frame.height
    parts = [
        np.equal.outer(own, own).astype(float) for own in (frame[name].to_numpy() for name in ("mom", "comm"))
    ]
    variances = [rows["variance", name, None].estimate for name in ("mom", "comm", "(residual)")]

    def likelihood(variances):
        V = variances[0] * parts[0] + variances[1] * parts[1]
        V[np.diag_indices(n)] += variances[2]
        root = np.linalg.cholesky(V)
        one, own = (np.linalg.solve(root, values) for values in (np.ones(n), y))
        r = own - one * (one @ own) / (one @ one)
        return -0.5 * (n * np.log(2 * np.pi) + r @ r) - np.log(np.diag(root)).sum()

    best = likelihood(variances)
    assert rows["log_likelihood", None, None].estimate == pytest.approx(best, rel=1e-10)
    for k in range(3):
        moved = [value * (1.03 if place == k else 1.0) for place, value in enumerate(variances)]
        assert likelihood(moved) < best


def test_no_variance_between_clusters__is_at_the_boundary():
    frame = pl.DataFrame({"y": [1.0, 3.0, 2.0, 2.0, 3.0, 1.0], "village": [1, 1, 2, 2, 3, 3]})
    rows = found(engine.mixed_linear(frame, "y", [], ["village"]))
    row = rows["variance", "village", None]
    assert (row.estimate, row.std_error) == (0.0, None)
    assert "boundary" in row.status
    assert rows["n_parameters", None, None].estimate == 2.0
    assert rows["variance", "(residual)", None].estimate == pytest.approx(2 / 3)


def test_order_scale_and_offset__move_estimates_as_they_should():
    frame = people()
    first = engine.mixed_linear(frame, "y", ["sex", "age"], ["village", "city"])
    mixed = frame.sample(fraction=1, shuffle=True, seed=3)
    assert engine.mixed_linear(mixed, "y", ["sex", "age"], ["village", "city"]) == first
    moved = frame.with_columns(y=1e6 + 100 * pl.col("y"), age=1e4 + pl.col("age") / 7)
    rows, before = found(engine.mixed_linear(moved, "y", ["sex", "age"], ["village", "city"])), found(first)
    assert rows["coefficient", "sex", "m"].estimate == pytest.approx(
        100 * before["coefficient", "sex", "m"].estimate, rel=1e-7
    )
    assert rows["coefficient", "age", None].std_error == pytest.approx(
        700 * before["coefficient", "age", None].std_error, rel=1e-7
    )
    for name in ("village", "city", "(residual)"):
        wide, narrow = rows["variance", name, None], before["variance", name, None]
        assert (wide.estimate, wide.std_error) == pytest.approx(
            (1e4 * narrow.estimate, 1e4 * narrow.std_error), rel=1e-6
        )


def test_column_that_follows_from_others__is_named():
    frame = people().with_columns(years=2 * pl.col("age") + 1)
    rows = found(engine.mixed_linear(frame, "y", ["age", "years"], ["village"]))
    assert rows["coefficient", "age", None].status == "ok"
    assert "combination" in rows["coefficient", "years", None].status


def test_errors__name_what_is_wrong():
    frame = people()
    with pytest.raises(EstimationError, match="one person in every cluster"):
        engine.mixed_linear(frame.with_row_index("id"), "y", [], ["id"])
    with pytest.raises(EstimationError, match="all have the same value"):
        engine.mixed_linear(frame.with_columns(y=pl.lit(3.0)), "y", [], ["village"])
    with pytest.raises(EstimationError, match="predict the outcome perfectly"):
        engine.mixed_linear(frame.with_columns(y=2 * pl.col("age")), "y", ["age"], ["village"])
    with pytest.raises(EstimationError, match=r"'city': one in every cluster of 'village'.*innermost first"):
        engine.mixed_linear(frame, "y", [], ["city", "village"])
    with pytest.raises(DataError, match="found 1 infinite values"):
        engine.mixed_linear(frame.with_columns(y=pl.lit(1.0) / pl.int_range(pl.len())), "y", [], ["village"])
    with pytest.raises(DataError):
        engine.mixed_linear(frame, "sex", [], ["village"])


def study(folder, frame, **settings):
    frame.write_parquet(folder / "people.parquet")
    asked = {"outcome": "y", "levels": ["village", "city"], "model": "linear", **settings}
    (folder / "study.toml").write_text(
        study_text(
            source="people.parquet",
            design={"levels": {"village": "village", "city": "city"}},
            variables={"y": {"label": "Score"}, "age": {}, "sex": factor(f=["f"], m=["m"])},
            analyses=[
                analysis("multilevel", "null", **asked),
                analysis("multilevel", terms=["sex", "age"], **asked),
            ],
        )
    )
    return folder / "study.toml"


def test_study__gives_rows_tables_methods_and_findings(tmp_path):
    frame = people()
    path = study(tmp_path, frame)
    rows = engine.run(path, out=tmp_path / "run").to_frame().filter(pl.col("analysis") == "multilevel")
    alone = engine.mixed_linear(frame, "y", ["sex", "age"], ["village", "city"])
    assert rows["estimate"].to_list() == [row.estimate for row in alone.rows]
    run = read_run(tmp_path / "run")
    (section,) = [one for one in run_sections(run, TABLES) if one.kind == "multilevel"]
    estimates, fit = section.tables
    assert estimates.title == "Multilevel regression (95 % intervals) of Score"
    names = [row[0] for row in fit.rows]
    assert {"constant", "variance of (residual)", "against a regression without"} <= {*names}
    for language, said in (("en", "Linear multilevel models"), ("zh", "线性多水平模型")):
        text = " ".join(methods_text(run.manifest, run.results.to_dicts(), {}, language)[0])
        assert said in text
        assert "Multilevel logits" not in text


@pytest.mark.parametrize("settings", [{"modes": True}, {"points": 7}])
def test_check__refuses_what_the_linear_model_does_not_have(tmp_path, settings):
    with pytest.raises(StudyError, match="with model = 'linear', which does not have it"):
        engine.load_study(study(tmp_path, people(), **settings))
