"""Bootstrap distributions against 4,000 replicates made in R: within four Monte-Carlo errors."""

import numpy as np
import pytest

import engine

METHODS = {"iid": "iid_bootstrap", "cluster": "psu_bootstrap", "rao-wu": "rao_wu"}
NAMES = {"CI": "standard", "GC": "generalized", "E": "erreygers", "W": "wagstaff"}
ERRORS = 4.0


def quantile_error(p, sd, n):
    """Monte-Carlo error of a quantile of a nearly normal distribution."""
    from scipy.stats import norm

    return np.sqrt(p * (1 - p) / n) / norm.pdf(norm.ppf(p)) * sd


@pytest.mark.parametrize("method", METHODS)
def test_replicates__have_the_reference_distribution(method, reference):
    (case,) = reference.numbers("bootstrap_distributions")
    R = case["R"]
    for key, index in NAMES.items():
        expected = case[METHODS[method]][key]
        result = engine.concentration_index(
            reference.frame,
            "high",
            "income",
            weight="w",
            stratum="strata",
            cluster="psu",
            index=index,
            bounds=(0, 1),
            bootstrap=R,
            method=method,
            seed=11,
        )
        values = result.replicates
        both = np.sqrt(2)  # their error and ours
        assert abs(values.mean() - expected["mean"]) < ERRORS * both * expected["mcse_mean"]
        assert abs(values.std(ddof=1) - expected["sd"]) < ERRORS * both * expected["mcse_sd"]
        for p in (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975):
            error = both * quantile_error(p, expected["sd"], R)
            assert abs(np.quantile(values, p) - expected[f"q{p:g}"]) < ERRORS * error
        assert result.rows[0].std_error == pytest.approx(case["linearised_se_design"][key], rel=1e-9)


def test_iid_intervals__equal_those_of_the_boot_package(reference):
    (case,) = reference.numbers("bootstrap_distributions")
    for interval, key in {"normal": "ci_normal", "basic": "ci_basic", "percentile": "ci_perc"}.items():
        result = engine.concentration_index(
            reference.frame,
            "high",
            "income",
            weight="w",
            bootstrap=case["R"],
            method="iid",
            interval=interval,
            seed=11,
        )
        expected = case["iid_bootstrap"]["CI"]
        error = np.sqrt(2) * quantile_error(0.025, expected["sd"], case["R"])
        # boot's normal interval is centred at the bias-corrected estimate; ours at the estimate.
        slack = 2 * abs(expected["mean"] - case["estimate"]["CI"]) if interval == "normal" else 0.0
        for found, wanted in zip((result.conf_low, result.conf_high), expected[key], strict=True):
            assert abs(found - wanted) < ERRORS * error + slack


def test_poisson__agrees_with_the_iid_bootstrap(reference):
    call = {"weight": "w", "bootstrap": 4000, "seed": 1}
    iid = engine.concentration_index(reference.frame, "high", "income", method="iid", **call)
    poisson = engine.concentration_index(reference.frame, "high", "income", method="poisson", **call)
    assert poisson.std_error == pytest.approx(iid.std_error, rel=0.08)


def test_intervals__bca_and_studentized_agree_with_scipy_and_each_other(meps):
    """BCa against SciPy's on the same data; one Monte-Carlo error of an end is about 2.5 % of the length."""
    from scipy.stats import bootstrap

    frame = meps.head(400).select("drugexp", "income")
    ours = {
        name: engine.concentration_index(frame, "drugexp", "income", bootstrap=4000, interval=name, seed=3)
        for name in ("bca", "studentized", "percentile")
    }

    def index(rows):
        y, x = frame["drugexp"].to_numpy()[rows], frame["income"].to_numpy()[rows]
        order = np.argsort(x, kind="stable")
        y, x = y[order], x[order]
        _, first, counts = np.unique(x, return_index=True, return_counts=True)
        rank = np.repeat(first + counts / 2, counts) / len(x)
        return 2 * (y * rank).mean() / y.mean() - 1

    rng = np.random.default_rng(1)
    theirs = bootstrap((np.arange(400),), index, vectorized=False, n_resamples=4000, method="BCa", rng=rng)
    length = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert ours["bca"].conf_low == pytest.approx(theirs.confidence_interval.low, abs=0.1 * length)
    assert ours["bca"].conf_high == pytest.approx(theirs.confidence_interval.high, abs=0.1 * length)
    assert ours["studentized"].conf_low == pytest.approx(ours["bca"].conf_low, abs=0.25 * length)
