"""The atlas of coverage: true values by other means, some of its figures again, and its page."""

import numpy as np
import pytest
from scipy.special import ndtr

from benchmarks.coverage import stored
from benchmarks.coverage.designs import DESIGNS, of
from benchmarks.coverage.page import PAGE, PICTURE, page
from benchmarks.coverage.picture import picture
from benchmarks.coverage.simulate import SAMPLES, simulate, truths_of

AGAIN = {"rates and means": 60, "concentration indices": 60}


def index(outcome, rank):
    """Twice the covariance with the rank, over the mean."""
    share = (np.argsort(np.argsort(rank)) + 0.5) / len(rank)
    return 2.0 * np.mean((outcome - outcome.mean()) * (share - share.mean())) / outcome.mean()


def test_true_values__are_those_of_numpy_and_of_closed_forms():
    values = of(DESIGNS["simple"]).values
    found = truths_of(DESIGNS["simple"], ["rates and means", "concentration indices", "payments"])
    income, ill, visits, paid = (values[name] for name in ("income", "ill", "visits", "payment"))
    share = paid / income
    expected = {
        "rate of ill": ill.mean(),
        "mean of income": income.mean(),
        "standard of visits": index(visits, income),
        "erreygers of ill": 4.0 * ill.mean() * index(ill, income),
        "gini of payment": index(income, income),
        "kakwani of payment": index(paid, income) - index(income, income),
        "headcount 0.2 of payment": np.mean(share > 0.2),
        "overshoot 0.2 of payment": np.mean(np.maximum(share - 0.2, 0.0)),
        "poverty_gap of payment": np.mean(np.maximum(5000.0 - income, 0.0)),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    assert found["gini of payment"] == pytest.approx(2.0 * ndtr(0.5 / np.sqrt(2.0)) - 1.0, rel=0.05)


@pytest.mark.parametrize("name", ["simple", "psus8"])
def test_figures__come_again(name):
    """Other samples would agree within chance; these are the first of the same, so that they must."""
    again = stored.stored(name, simulate(name, DESIGNS[name], AGAIN))
    known = {(line.statistic, line.interval): line for line in stored.read() if line.design == name}
    assert len(again) > 15
    for line in again:
        whole = known[line.statistic, line.interval]
        assert line.below <= whole.below, line.statistic
        assert line.above <= whole.above, line.statistic
        assert abs(line.coverage - whole.coverage) < 4.5 * line.mc_error, line.statistic


def test_page_and_picture__say_what_is_stored():
    lines = stored.read()
    assert PAGE.read_text(encoding="utf-8") == page(lines), "run `python -m benchmarks.coverage --page`"
    assert PICTURE.read_text(encoding="utf-8") == picture(lines)
    assert {line.family for line in lines} == {*SAMPLES}
    assert {line.design for line in lines} == {*DESIGNS}
    assert all(line.samples == SAMPLES[line.family] for line in lines)


def test_atlas__bears_out_the_rules():
    """What the rules warn of covers too seldom in the small designs; what they let pass does not."""
    coverage = {
        (line.design, line.statistic): line for line in stored.read() if line.interval == "linearised"
    }
    warned = ("bgsd of ill", "cov of ill", "idisu of ill", "theil of income", "ge 2 of income")
    warned += ("overshoot 0.2 of payment", "overshoot_concentration 0.2 of payment", "reranking of payment")
    for statistic in warned:
        line = coverage["small", statistic]
        assert line.coverage < 0.93 - line.mc_error, statistic
    for statistic in ("mean of income", "erreygers of ill", "sii logit of ill", "kakwani of payment"):
        line = coverage["psus60", statistic]
        assert line.coverage > 0.93 - 2.0 * line.mc_error, statistic


@pytest.mark.parametrize(
    "family",
    [
        *("indices, replicates", "payments, replicates", "decomposition, replicates"),
        *("RIF regression, replicates", "concentration indices", "rates and means"),
    ],
)
def test_errors__are_right_within_two_percent(family):
    """The median of error over spread; a design alone has a Monte-Carlo error of 2 %."""
    kinds = ("linearised", "normal", "bootstrap, normal")
    ratios = [line.error_ratio for line in stored.read() if line.family == family and line.interval in kinds]
    assert len(ratios) > 10
    assert abs(np.nanmedian(ratios) - 1.0) < 0.02
