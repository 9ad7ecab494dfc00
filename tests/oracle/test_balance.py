"""Balance of real waves: margins that are met, statsmodels' logit, and the jackknife that balances again."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

import engine
from tests.study_texts import analysis, event, factor, study_text

COVARIATES = ["sex", "age", "race"]


@pytest.fixture(scope="module")
def nhanes(shared):
    """Adults of NHANES 2009-2010 and 2011-2012."""
    age = pl.col("Age")
    group = pl.when(age < 40).then(pl.lit("20-39")).when(age < 60).then(pl.lit("40-59"))
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet")
    return frame.filter(age >= 20, pl.col("Diabetes").is_not_null()).select(
        "SDMVSTRA",
        "SDMVPSU",
        w="WTINT2YR",
        survey="SurveyYr",
        sex="Gender",
        age=group.otherwise(pl.lit("60+")),
        race="Race1",
        ill=(pl.col("Diabetes") == "Yes").cast(int),
    )


def of_study(folder, frame, method):
    frame.write_parquet(folder / "people.parquet")
    levels = {name: {one: [one] for one in sorted(frame[name].unique())} for name in COVARIATES}
    design = {"weight": "w", "stratum": "SDMVSTRA", "cluster": "SDMVPSU", "nested": True}
    balance = {"by": "wave", "to": "2009_10", "variables": COVARIATES, "method": method}
    bootstrap = {"replicates": 100, "method": "jackknife"}
    asked = {"outcome": "ill", "group": "survey", "measure": "difference"}
    asked |= {"bootstrap": bootstrap} if method == "entropy" else {}
    (folder / "study.toml").write_text(
        study_text(
            source={"path": "people.parquet", "wave": "survey"},
            design={**design, "balance": balance},
            variables={
                "ill": event("yes", no=[0], yes=[1]),
                "survey": factor(first=["2009_10"], second=["2011_12"]),
                **{name: factor(**own) for name, own in levels.items()},
            },
            analyses=[analysis("rates", outcome="ill", by="wave"), analysis("disparity", **asked)],
        )
    )
    return engine.run(folder / "study.toml", out=folder / "run")


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_nhanes__the_second_wave_has_the_covariates_of_the_first(nhanes, tmp_path, method):
    run = of_study(tmp_path, nhanes, method)
    rows = run.to_frame()
    second = (nhanes["survey"] == "2011_12").to_numpy()
    weight, ill = nhanes["w"].to_numpy(), nhanes["ill"].to_numpy()
    dummies = nhanes.select(COVARIATES).to_dummies(drop_first=True).to_numpy().astype(float)
    x = np.column_stack([np.ones(len(dummies)), dummies])
    if method == "ipw":
        family = sm.families.Binomial()
        p = sm.GLM((~second).astype(float), x, family=family, freq_weights=weight).fit(tol=1e-14).predict(x)
        adjusted = np.where(second, weight * p / (1 - p), weight)
        expected = (adjusted * ill)[second].sum() / adjusted[second].sum()
    else:
        target = weight[~second] @ x[~second] / weight[~second].sum()
        own, multiplier = weight[second], np.zeros(x.shape[1])
        for _ in range(20):
            moved = own / own.sum() * np.exp(x[second] @ multiplier)
            spread = (x[second] * moved[:, None]).T @ x[second]
            multiplier += np.linalg.solve(spread, target - moved @ x[second])
        expected = moved @ ill[second]
        told = engine.read_run(tmp_path / "run").manifest["balance"]
        assert told["largest_difference"][0] > 0.02
        assert told["largest_difference"][1] < 1e-10
    rate = rows.filter(pl.col("analysis") == "rates", pl.col("wave") == "2011_12")["estimate"].item()
    assert rate == pytest.approx(expected, rel=1e-9)
    if method == "entropy":
        linearised, replicated = rows.filter(pl.col("measure") == "difference").to_dicts()
        assert linearised["std_error"] == pytest.approx(replicated["std_error"], rel=0.02)
