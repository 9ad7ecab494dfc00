"""Studies with calibrated weights against R survey 4.1-1: totals, means, and errors linearised and by JKn.

`rake` of that version is no oracle of linearised errors: it takes unweighted means of margins out.
`calibrate` with raking is, and the jackknife of both.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.batch.context import make_context, read_sample
from engine.batch.reporter import Reporter
from engine.batch.request import make_request
from engine.estimators.replicates.resampling_methods import make_plan
from engine.estimators.sample.design_variance import covariance_of
from engine.estimators.sample.sorting import sort_sample, table_arrays
from engine.kernels.draws.streams import LANES
from engine.study.bootstrap import BootstrapSpec
from tests.conftest import NUMBERS
from tests.oracle.test_calibration import people_of_nhanes
from tests.study_texts import analysis, factor, study_text

RTOL = 1e-9
CASES = {
    "postStratify_sex_age": ("post-stratification", ["joint"]),
    "calibrate_linear": ("linear", ["sex", "a4"]),
    "calibrate_linear_with_age": ("linear", ["sex", "a4", "age"]),
    "calibrate_raking": ("raking", ["sex", "a4"]),
    "calibrate_raking_with_age": ("raking", ["sex", "a4", "age"]),
}


@pytest.fixture(scope="module")
def expected():
    return json.loads(next(NUMBERS.glob("*_weight_adjustment.json")).read_text())


@pytest.fixture(scope="module")
def people(shared, tmp_path_factory):
    """NHANES as the oracle sees it, as a file."""
    frame = people_of_nhanes(shared)
    folder = tmp_path_factory.mktemp("nhanes")
    frame.write_parquet(folder / "people.parquet")
    return folder


def margin_of(name, given):
    if name == "age":
        return {"number": "age", "totals": [[given["age_total"]]]}
    by = ["sex", "a4"] if name == "joint" else [name]
    return {"by": by, "totals": [[*(row[one] for one in by), row["Freq"]] for row in given[name]]}


def study(folder, method, margins):
    design = {"weight": "w", "stratum": "SDMVSTRA", "cluster": "SDMVPSU", "nested": True}
    path = folder / "study.toml"
    path.write_text(
        study_text(
            source="people.parquet",
            design={**design, "calibration": {"method": method, "margins": margins}},
            variables={
                "sex": factor(female=["female"], male=["male"]),
                "a4": factor(**{name: [name] for name in ("0-17", "18-39", "40-59", "60+")}),
                "age": {},
                "y": {},
                "inc": {},
            },
            analyses=[analysis("describe")],
        )
    )
    return path


@pytest.fixture(scope="module", params=CASES)
def calibrated(request, people, expected, tmp_path_factory):
    """The columns of a calibrated study, and R's numbers."""
    method, names = CASES[request.param]
    asked = make_request(
        study(people, method, [margin_of(name, expected["margins"]) for name in names]), None
    )
    folder = Path(tmp_path_factory.mktemp("scratch"))
    panel, sample = read_sample(asked.spec, asked.files(), folder, None, Reporter())
    context = make_context(asked.spec, panel, sample, None, Reporter())
    return context.columns, {kind: expected[kind][request.param] for kind in ("linearised", "jkn")}


def test_weights__are_those_of_r(calibrated):
    columns, numbers = calibrated
    weight = columns.design().weight
    assert weight[:5] == pytest.approx(numbers["linearised"]["w_first5"], rel=RTOL)
    limits = numbers["linearised"]["min_w"], numbers["linearised"]["max_w"]
    assert (weight.min(), weight.max()) == pytest.approx(limits, rel=RTOL)


def test_linearised__totals_means_and_ratio_have_the_errors_of_r(calibrated):
    columns, numbers = calibrated
    numbers = numbers["linearised"]
    design = columns.design()
    table = table_arrays(design, np.zeros(len(design.weight), np.int64), ())
    values = np.array([columns.numbers("y"), columns.numbers("inc")])

    def error(z):
        totals = np.bincount(table.unit, weights=table.weight * z, minlength=table.design.n_units)
        return float(np.sqrt(covariance_of(totals[None, :], table.design)[0, 0]))

    total, W = values @ table.weight, table.weight.sum()
    assert total == pytest.approx(numbers["total"], rel=RTOL)
    assert [error(z) for z in values] == pytest.approx(numbers["se_total"], rel=RTOL)
    means = total / W
    assert [error((z - m) / W) for z, m in zip(values, means, strict=True)] == pytest.approx(
        numbers["se_mean"], rel=RTOL
    )
    ratio = total[0] / total[1]
    assert error((values[0] - ratio * values[1]) / total[1]) == pytest.approx(numbers["se_ratio"], rel=RTOL)


def test_jackknife__every_replicate_meets_the_totals_and_errors_are_those_of_r(calibrated):
    columns, numbers = calibrated
    numbers = numbers["jkn"]
    y, inc = columns.numbers("y"), columns.numbers("inc")
    arrays = sort_sample(outcomes={"y": y, "inc": inc}, rank=inc, rank_name="inc", columns=columns.design())
    plan = make_plan(BootstrapSpec(method="jackknife"), arrays, 0)
    n_blocks = -(-plan.n_replicates // LANES)
    multipliers = np.concatenate([*plan.draws.multipliers(arrays.n, 0, n_blocks)], axis=1)
    weights = plan.weight(arrays.weight, plan.unit)[:, None] * multipliers[:, : plan.n_replicates]
    totals = arrays.outcomes @ weights
    sums = weights.sum(axis=0)
    assert sums == pytest.approx(np.full(len(sums), numbers["sum_w"]), rel=RTOL)

    def error(values):  # R's default: about the mean of the replicates
        deviations = values - values.mean(axis=-1, keepdims=True)
        return np.sqrt((deviations**2 * plan.factors).sum(axis=-1))

    assert error(totals) == pytest.approx(numbers["se_total"], rel=RTOL)
    assert error(totals / sums) == pytest.approx(numbers["se_mean"], rel=RTOL)
    assert error(totals[0] / totals[1]) == pytest.approx(numbers["se_ratio"], rel=RTOL)
