"""Linear, count and ordered models against statsmodels on rows, closed forms, and hand-written linearisation.

statsmodels comes by other routes: its discrete models, OLS and WLS with clustered errors, numerical Hessians.
"""

import warnings

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2, norm, t

import engine

MODELS = ("linear", "poisson", "negative-binomial", "ordered-logit")
TERMS = ["sex", "place", "age", ("sex", "place")]


@pytest.fixture(scope="module")
def people():
    """People in clusters and strata with a count, a number and an ordered category."""
    rng = np.random.default_rng(20)
    n = 600
    frame = pl.DataFrame(
        {
            "sex": rng.choice(["f", "m"], n),
            "place": rng.choice(["east", "north", "west"], n),
            "age": rng.integers(18, 80, n).astype(float),
            "w": rng.gamma(3.0, 0.4, n),
            "psu": rng.integers(0, 120, n),
            "days": rng.integers(20, 400, n).astype(float),
        }
    ).with_columns(stratum=pl.col("psu") % 7)
    effect = rng.normal(0, 0.3, 120)[frame["psu"].to_numpy()]
    eta = -0.4 + 0.3 * (frame["sex"] == "m").to_numpy() + 0.015 * frame["age"].to_numpy() + effect
    latent = eta + rng.logistic(size=n)
    return frame.with_columns(
        visits=pl.Series(rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, n))),
        health=pl.Series(np.digitize(latent, [-0.5, 0.6, 1.7])),
        cost=pl.Series(10.0 * eta + rng.normal(0, 4.0, n)),
    )


def matrix(frame):
    male, north, west = (
        (frame[name] == level).to_numpy().astype(float)
        for name, level in (("sex", "m"), ("place", "north"), ("place", "west"))
    )
    return np.column_stack(
        [np.ones(len(frame)), male, north, west, frame["age"].to_numpy(), male * north, male * west]
    )


def outcome_of(model):
    return {"linear": "cost", "ordered-logit": "health"}.get(model, "visits")


def estimates(result, measure="coefficient"):
    return np.array([row.estimate for row in result.rows if row.measure == measure])


def errors(result, measure="coefficient"):
    return np.array([row.std_error for row in result.rows if row.measure == measure])


def measures(result):
    return {row.measure: row.estimate for row in result.rows if row.term is None}


def fit(people, model, **given):
    return engine.regression(people, outcome_of(model), TERMS, model, **given)


def test_linear__equals_least_squares(people):
    import statsmodels.api as sm

    y, X = people["cost"].to_numpy(), matrix(people)
    theirs = sm.OLS(y, X).fit()
    ours = fit(people, "linear")
    assert estimates(ours) == pytest.approx(theirs.params, rel=1e-10)
    assert errors(ours) == pytest.approx(theirs.bse, rel=1e-10)
    assert ours.coefficients["p_value"].to_numpy() == pytest.approx(theirs.pvalues, rel=1e-8)
    assert ours.coefficients.select("conf_low", "conf_high").to_numpy() == pytest.approx(
        theirs.conf_int(), rel=1e-9
    )
    assert measures(ours)["r_squared"] == pytest.approx(theirs.rsquared, rel=1e-12)
    assert measures(ours)["residual_sd"] == pytest.approx(np.sqrt(theirs.scale), rel=1e-12)
    whole = next(row for row in ours.rows if row.term == "(all terms)")
    assert whole.estimate == pytest.approx(theirs.fvalue, rel=1e-9)
    assert (whole.df1, whole.df2, whole.method) == (6, theirs.df_resid, "Wald F")
    robust = sm.OLS(y, X).fit(cov_type="HC1", use_t=True)
    found = fit(people, "linear", covariance="robust")
    assert errors(found) == pytest.approx(robust.bse, rel=1e-9)
    assert found.coefficients["p_value"].to_numpy() == pytest.approx(robust.pvalues, rel=1e-7)


def through_origin(people, **given):
    return engine.regression(people, "cost", ["age", "days"], "linear", constant=False, **given)


def test_linear_without_a_constant__equals_least_squares_without_one(people):
    import statsmodels.api as sm

    y, X = people["cost"].to_numpy(), people.select("age", "days").to_numpy()
    theirs, ours = sm.OLS(y, X).fit(), through_origin(people)
    assert estimates(ours) == pytest.approx(theirs.params, rel=1e-11)
    assert errors(ours) == pytest.approx(theirs.bse, rel=1e-11)
    assert ours.coefficients["term"].to_list() == ["age", "days"]
    assert ours.coefficients["p_value"].to_numpy() == pytest.approx(theirs.pvalues, rel=1e-9)
    assert measures(ours)["r_squared"] == pytest.approx(theirs.rsquared, rel=1e-12)  # statsmodels': from 0
    assert measures(ours)["residual_sd"] == pytest.approx(np.sqrt(theirs.scale), rel=1e-12)
    whole = next(row for row in ours.rows if row.term == "(all terms)")
    assert (whole.estimate, whole.df1, whole.df2) == (pytest.approx(theirs.fvalue, rel=1e-10), 2, 598)
    assert "vif" not in measures(ours)
    effects = [row for row in ours.rows if row.measure == "marginal_effect"]
    assert [row.std_error for row in effects] == pytest.approx(theirs.bse, rel=1e-11)
    assert ours.rows[0].method == "linear without a constant, model-based"
    robust = sm.OLS(y, X).fit(cov_type="HC1", use_t=True)
    assert errors(through_origin(people, covariance="robust")) == pytest.approx(robust.bse, rel=1e-10)


def test_weighted_clustered_linear__equals_wls_with_clustered_errors(people):
    import statsmodels.api as sm

    psu = people["psu"].to_numpy()
    theirs = sm.WLS(people["cost"].to_numpy(), matrix(people), weights=people["w"].to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": psu}, use_t=True
    )
    ours = fit(people, "linear", weight="w", cluster="psu", covariance="cluster")
    assert estimates(ours) == pytest.approx(theirs.params, rel=1e-10)
    assert errors(ours) == pytest.approx(theirs.bse, rel=1e-9)
    G = len(np.unique(psu))
    p = 2 * t.sf(abs(estimates(ours) / errors(ours)), G - 1)
    assert ours.coefficients["p_value"].to_numpy() == pytest.approx(p, rel=1e-9)


def test_weighted_poisson__equals_glm_with_frequency_weights(people):
    import statsmodels.api as sm

    y, X, w = people["visits"].to_numpy(), matrix(people), people["w"].to_numpy()
    theirs = sm.GLM(y, X, family=sm.families.Poisson(), freq_weights=w).fit(tol=1e-13, maxiter=100)
    ours = fit(people, "poisson", weight="w")
    assert estimates(ours) == pytest.approx(theirs.params, rel=1e-10)
    assert errors(ours) == pytest.approx(theirs.bse, rel=1e-7)  # its weights are one step behind
    ratios = [row for row in ours.rows if row.measure == "incidence_rate_ratio" and row.status == "ok"]
    assert [row.estimate for row in ratios] == pytest.approx(np.exp(theirs.params[1:]), rel=1e-10)
    assert [row.conf_high for row in ratios] == pytest.approx(np.exp(theirs.conf_int()[1:, 1]), rel=1e-8)


@pytest.mark.parametrize("covariance", ["model", "robust", "cluster"])
@pytest.mark.parametrize("model", ["poisson", "negative-binomial"])
def test_counts__equal_the_discrete_models_with_exposure(people, model, covariance):
    import statsmodels.api as sm

    kind = sm.Poisson if model == "poisson" else sm.NegativeBinomial
    fitted = kind(people["visits"].to_numpy(), matrix(people), exposure=people["days"].to_numpy())
    groups = {"groups": people["psu"].to_numpy()}
    given = {
        "model": {},
        "robust": {"cov_type": "HC0"},
        "cluster": {"cov_type": "cluster", "cov_kwds": groups},
    }[covariance]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = sm.Poisson(fitted.endog, fitted.exog, exposure=people["days"].to_numpy()).fit(disp=0).params
        start = start if model == "poisson" else np.append(start, 0.5)
        theirs = fitted.fit(start_params=start, method="newton", maxiter=100, disp=0, tol=1e-12, **given)
    ours = fit(people, model, cluster="psu", covariance=covariance, exposure="days")
    n, e, size = len(people), 7, len(theirs.params)
    # HC1 counts the columns of the matrix; statsmodels counts alpha too, and has no HC1 here.
    factor = {"model": 1.0, "robust": n / (n - e), "cluster": (n - size) / (n - e)}[covariance]
    assert estimates(ours) == pytest.approx(theirs.params[:e], rel=1e-8)
    assert errors(ours) == pytest.approx(theirs.bse[:e] * np.sqrt(factor), rel=1e-6)
    if covariance == "model":
        assert measures(ours)["log_likelihood"] == pytest.approx(theirs.llf, rel=1e-12)
        assert measures(ours)["aic"] == pytest.approx(theirs.aic, rel=1e-12)
        assert measures(ours)["bic"] == pytest.approx(theirs.bic, rel=1e-12)
    if model == "negative-binomial":
        assert estimates(ours, "alpha") == pytest.approx(theirs.params[e:], rel=1e-7)
        assert errors(ours, "alpha") == pytest.approx(theirs.bse[e:] * np.sqrt(factor), rel=1e-6)


def test_ordered_logit__equals_the_ordered_model(people):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    fitted = OrderedModel(people["health"].to_numpy(), matrix(people)[:, 1:], distr="logit")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = fitted.fit(method="bfgs", disp=0, maxiter=500, gtol=1e-7)
    ours = fit(people, "ordered-logit")
    # It stops early, and its Hessian is numerical.
    assert estimates(ours) == pytest.approx(theirs.params[:6], abs=1e-5)
    assert errors(ours) == pytest.approx(theirs.bse[:6], rel=1e-4)
    thresholds = fitted.transform_threshold_params(theirs.params[6:])[1:-1]
    assert estimates(ours, "threshold") == pytest.approx(thresholds, abs=1e-5)
    assert measures(ours)["log_likelihood"] == pytest.approx(theirs.llf, rel=1e-9)
    assert [row.level for row in ours.rows if row.measure == "threshold"] == ["0 | 1", "1 | 2", "2 | 3"]


@pytest.mark.parametrize(
    "given",
    [
        {"covariance": "model"},
        {"covariance": "robust", "weight": "w"},
        {"covariance": "cluster", "weight": "w", "cluster": "psu"},
        {"covariance": "design", "weight": "w", "cluster": "psu", "stratum": "stratum"},
        {"covariance": "design", "weight": "w", "cluster": "few"},
    ],
    ids=lambda given: f"{given['covariance']}-{given.get('cluster')}",
)
def test_ordered_logit_of_two_categories__is_the_logit(people, given):
    frame = people.with_columns(ill=(pl.col("health") > 1).cast(int), few=pl.col("psu") % 20)
    ours = engine.regression(frame, "ill", TERMS, "ordered-logit", **given)
    logit = engine.logit(frame, "ill", TERMS, **given)
    constant, *others = logit.coefficients.to_dicts()
    assert estimates(ours) == pytest.approx([row["estimate"] for row in others], rel=1e-9)
    assert errors(ours) == pytest.approx([row["std_error"] for row in others], rel=1e-9)
    assert ours.coefficients["p_value"].to_list() == pytest.approx([row["p_value"] for row in others])
    assert estimates(ours, "threshold") == pytest.approx([-constant["estimate"]], rel=1e-9)
    assert errors(ours, "threshold") == pytest.approx([constant["std_error"]], rel=1e-9)
    assert measures(ours)["log_likelihood"] == pytest.approx(logit.log_likelihood, rel=1e-11)
    if given["covariance"] != "model":  # there the logit has a likelihood ratio
        tests = {row.term: row for row in logit.rows if row.measure == "wald_f"}
        for row in (row for row in ours.rows if row.measure == "wald_f"):
            twin = tests[row.term]
            assert row.estimate == pytest.approx(twin.estimate, rel=1e-8)
            assert row.p_value == pytest.approx(twin.p_value, rel=1e-8, abs=1e-12)
            assert (row.df1, row.df2, row.method) == (twin.df1, twin.df2, twin.method)


def test_poisson_with_one_binary_term__is_the_ratio_of_rates():
    frame = pl.DataFrame({"deaths": [30, 12], "years": [1000.0, 800.0], "group": ["a", "b"]})
    result = engine.regression(frame, "deaths", ["group"], "poisson", exposure="years")
    row = next(row for row in result.rows if row.measure == "incidence_rate_ratio" and row.level == "b")
    ratio, error = (12 / 800) / (30 / 1000), np.sqrt(1 / 12 + 1 / 30)
    assert row.estimate == pytest.approx(ratio, rel=1e-12)
    assert row.std_error == pytest.approx(ratio * error, rel=1e-12)
    half = norm.ppf(0.975) * error
    assert (row.conf_low, row.conf_high) == pytest.approx((ratio * np.exp(-half), ratio * np.exp(half)))
    assert row.p_value == pytest.approx(2 * norm.sf(abs(np.log(ratio)) / error), rel=1e-9)


def linearised_covariance(scores, frame):
    """The covariance of totals (n, q) by the textbook formula, stratum by stratum."""
    q = scores.shape[1]
    V = np.zeros((q, q))
    stratum, psu = frame["stratum"].to_numpy(), frame["psu"].to_numpy()
    for one in np.unique(stratum):
        units = np.unique(psu[stratum == one])
        totals = np.array([scores[psu == unit].sum(axis=0) for unit in units])
        residual = totals - totals.mean(axis=0)
        V += len(units) / (len(units) - 1) * residual.T @ residual
    return V


DESIGN = {"weight": "w", "stratum": "stratum", "cluster": "psu", "covariance": "design"}


def test_linear_with_design__is_the_hand_written_linearisation(people):
    X, y, w = matrix(people), people["cost"].to_numpy(), people["w"].to_numpy()
    A = np.linalg.inv(X.T @ (w[:, None] * X))
    beta = A @ X.T @ (w * y)
    V = linearised_covariance((w * (y - X @ beta))[:, None] * X @ A, people)
    ours = fit(people, "linear", **DESIGN)
    assert estimates(ours) == pytest.approx(beta, rel=1e-10)
    assert errors(ours) == pytest.approx(np.sqrt(np.diag(V)), rel=1e-9)
    degrees = people["psu"].n_unique() - 7 + 1 - 7
    assert ours.coefficients["df2"].unique().to_list() == [degrees]
    test = next(row for row in ours.rows if row.term == "(all products)")
    wald = beta[5:] @ np.linalg.solve(V[5:, 5:], beta[5:])
    d = degrees + 7 - 1
    assert test.estimate == pytest.approx((d - 1) / (d * 2) * wald, rel=1e-8)
    assert (test.df1, test.df2) == (2, d - 1)


def test_linear_without_a_constant__is_the_hand_written_linearisation(people):
    X, y, w = people.select("age", "days").to_numpy(), people["cost"].to_numpy(), people["w"].to_numpy()
    A = np.linalg.inv(X.T @ (w[:, None] * X))
    beta = A @ X.T @ (w * y)
    V = linearised_covariance((w * (y - X @ beta))[:, None] * X @ A, people)
    ours = through_origin(people, **DESIGN)
    assert estimates(ours) == pytest.approx(beta, rel=1e-11)
    assert errors(ours) == pytest.approx(np.sqrt(np.diag(V)), rel=1e-10)


def test_negative_binomial_with_design__is_the_sandwich_of_all_parameters(people):
    import statsmodels.api as sm

    # The scores are those of statsmodels at our estimates: before a fit, it takes the logarithm of alpha.
    y, X, w = people["visits"].to_numpy(), matrix(people), people["w"].to_numpy()
    ours = fit(people, "negative-binomial", **DESIGN)
    alpha = estimates(ours, "alpha")
    at = np.append(estimates(ours), np.log(alpha))
    theirs = sm.NegativeBinomial(y, X)
    scores = w[:, None] * theirs.score_obs(at)
    assert scores.sum(axis=0) == pytest.approx(np.zeros(8), abs=1e-4)
    step = 1e-5
    bread = np.array(
        [
            (
                (w[:, None] * theirs.score_obs(at + step * one)).sum(axis=0)
                - (w[:, None] * theirs.score_obs(at - step * one)).sum(axis=0)
            )
            / (2 * step)
            for one in np.eye(8)
        ]
    )
    V = linearised_covariance(-scores @ np.linalg.inv(bread), people)
    assert errors(ours) == pytest.approx(np.sqrt(np.diag(V))[:7], rel=1e-5)
    assert errors(ours, "alpha") == pytest.approx(alpha * np.sqrt(V[7, 7]), rel=1e-5)


def test_linear_of_a_factor__is_the_difference_of_survey_means(people):
    ours = engine.regression(people, "cost", ["sex"], "linear", **DESIGN).coefficients.to_dicts()[1]
    w, y, male = people["w"].to_numpy(), people["cost"].to_numpy(), (people["sex"] == "m").to_numpy()
    means = [np.average(y[male == one], weights=w[male == one]) for one in (False, True)]
    z = sum(
        sign * np.where(male == one, w * (y - mean) / w[male == one].sum(), 0.0)
        for sign, one, mean in ((-1, False, means[0]), (1, True, means[1]))
    )
    assert ours["estimate"] == pytest.approx(means[1] - means[0], rel=1e-10)
    V = linearised_covariance(z[:, None], people)
    assert ours["std_error"] == pytest.approx(np.sqrt(V[0, 0]), rel=1e-9)


def test_ordered_logit_with_design__has_the_errors_of_the_jackknife_nearly(people):
    ours = fit(people, "ordered-logit", **DESIGN)
    squares = 0.0
    for stratum, units in people.group_by("stratum").agg(pl.col("psu").unique()).iter_rows():
        for unit in units[:]:
            n = len(units)
            weight = (
                pl.when(pl.col("psu") == unit)
                .then(0.0)
                .when(pl.col("stratum") == stratum)
                .then(pl.col("w") * n / (n - 1))
                .otherwise(pl.col("w"))
            )
            again = fit(people.with_columns(w=weight), "ordered-logit", weight="w")
            squares = squares + (n - 1) / n * (estimates(again) - estimates(ours)) ** 2
    assert errors(ours) == pytest.approx(np.sqrt(squares), rel=0.04)


@pytest.mark.parametrize("model", MODELS)
def test_replicate_weights__equal_fits_with_each_weight(people, model):
    rng = np.random.default_rng(2)
    names = [f"r{r}" for r in range(12)]
    w = people["w"].to_numpy()
    frame = people.with_columns(
        pl.Series(name, w * rng.integers(0, 3, 120)[people["psu"].to_numpy()]) for name in names
    )
    given = {"columns": names, "method": "bootstrap"}
    ours = fit(frame, model, weight="w", covariance="design", replicate_weights=given)
    fits = np.array([estimates(fit(frame, model, weight=name)) for name in names])
    spread = ((fits - estimates(ours)) ** 2).sum(axis=0) / 11
    assert errors(ours) == pytest.approx(np.sqrt(spread), rel=1e-6)
    assert ours.coefficients["n_replicates"].unique().to_list() == [12]
    assert ours.coefficients["method"].unique().to_list() == [f"{model}, replicate weights"]


def test_test_of_alpha__is_half_a_chi_square(people):
    poisson, ours = fit(people, "poisson"), fit(people, "negative-binomial")
    test = next(row for row in ours.rows if row.measure == "lr_chi2")
    statistic = 2 * (measures(ours)["log_likelihood"] - measures(poisson)["log_likelihood"])
    assert test.estimate == pytest.approx(statistic, rel=1e-9)
    assert test.p_value == pytest.approx(chi2.sf(statistic, 1) / 2, rel=1e-7)
    assert measures(poisson)["dispersion"] > 1.2


# Real people ------------------------------------------------------------------------------------------------


def test_doctor_visits__have_the_published_poisson_and_negative_binomial_fits(shared):
    import statsmodels.api as sm

    frame = pl.read_parquet(shared / "data" / "doctoraus.parquet").with_columns(
        agesq=pl.col("age") ** 2,
        **{
            name: (pl.col(of) == level).cast(float)
            for name, of, level in (
                ("levyplus", "insurance", "levyplus"),
                ("freepor", "insurance", "freepor"),
                ("freerepa", "insurance", "freerepa"),
                ("limited", "chcond", "la"),
                ("limiting", "chcond", "nla"),
            )
        },
    )
    terms = ["sex", "age", "agesq", "income", "levyplus", "freepor", "freerepa"]
    terms += ["illness", "actdays", "hscore", "limited", "limiting"]
    poisson = engine.regression(frame, "doctorco", terms, "poisson")
    # Cameron and Trivedi (1998), Regression Analysis of Count Data, Table 3.2.
    assert measures(poisson)["log_likelihood"] == pytest.approx(-3355.5, abs=0.1)
    ours = engine.regression(frame, "doctorco", terms, "negative-binomial")
    X = np.column_stack([np.ones(len(frame)), *(frame[name].to_numpy() for name in terms)])
    start = np.append(estimates(poisson), 1.0)
    theirs = sm.NegativeBinomial(frame["doctorco"].to_numpy(), X).fit(
        start_params=start, method="newton", maxiter=100, disp=0
    )
    assert estimates(ours) == pytest.approx(theirs.params[:-1], rel=1e-7)
    assert errors(ours) == pytest.approx(theirs.bse[:-1], rel=1e-6)
    assert measures(ours)["log_likelihood"] == pytest.approx(theirs.llf, rel=1e-11)
    assert estimates(ours, "alpha") == pytest.approx(theirs.params[-1:], rel=1e-7)


def test_nhanes__orders_health_by_poverty_with_its_design(shared):
    frame = pl.read_parquet(shared / "data" / "nhanes_2009_2012_raw.parquet").filter(pl.col("WTMEC2YR") > 0)
    levels = ["Excellent", "Vgood", "Good", "Fair", "Poor"]
    frame = frame.with_columns(
        health=pl.col("HealthGen").cast(pl.String).cast(pl.Enum(levels), strict=False),
        stratum=pl.col("SDMVSTRA"),
        psu=pl.col("SDMVSTRA").cast(int) * 10 + pl.col("SDMVPSU").cast(int),
        age=pl.col("Age").cast(float),
    )
    asked = {"weight": "WTMEC2YR", "stratum": "stratum", "cluster": "psu", "covariance": "design"}
    ours = engine.regression(frame, "health", ["Poverty", "age"], "ordered-logit", **asked)
    # The proportional odds model averages the logits at each cut; those are checked against svyglm.
    known = frame.with_columns(pl.Series("place", frame["health"].to_physical()).cast(int))
    of_cuts = [
        engine.logit(
            known.with_columns(worse=(pl.col("place") > cut).cast(int)), "worse", ["Poverty", "age"], **asked
        ).coefficients["estimate"][1]
        for cut in range(4)
    ]
    assert min(of_cuts) <= estimates(ours)[0] <= max(of_cuts)
    assert estimates(ours)[0] < 0 < estimates(ours)[1]
    assert (np.diff(estimates(ours, "threshold")) > 0).all()
