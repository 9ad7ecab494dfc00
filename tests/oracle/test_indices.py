"""Every number of the reference files; the files say which program made them."""

import numpy as np
import polars as pl
import pytest

import engine
from tests.conftest import TINY
from tests.study_texts import analysis, event, factor, study_text

NAMES = {"CI": "standard", "GC": "generalized", "E": "erreygers", "W": "wagstaff"}
RTOL = 1e-9
STATA_RTOL = 1e-8  # Stata and its port keep some intermediate results as floats
# The linearised error is a first-order limit of the jackknife: 250 PSUs leave some 0.3 %, 40 PSUs six times
# that.
FIRST_ORDER = {"housing": 0.005, "simulated": 0.03}
# Rows of conindex's own errors that each file has, without those of an event ranked by itself.
PEERS = {"tiny": 72, "housing": 144, "simulated": 96}


def test_tiny__is_exactly_17_over_90():
    standard = engine.concentration_index(TINY, "y", "x", weight="w")
    generalized = engine.concentration_index(TINY, "y", "x", weight="w", index="generalized")
    assert standard.estimate == pytest.approx(17 / 90, rel=1e-15)
    assert generalized.estimate == pytest.approx(17 / 36, rel=1e-15)


def test_tiny__agrees_with_what_sound_programs_print(oracle):
    printed = oracle("sound_values_tiny")
    expected = {
        ("standard", None): printed["exact mid-rank, population (own ref) CI"],
        ("generalized", None): printed["GC truth"],
        ("extended", 3.0): printed["extended v=3 conindex / exact"],
    }
    for (index, parameter), value in expected.items():
        result = engine.concentration_index(TINY, "y", "x", weight="w", index=index, parameter=parameter)
        assert result.estimate == pytest.approx(value, rel=STATA_RTOL)
    modified = engine.concentration_index(TINY, "y", "x", weight="w", index="modified", bounds=(-1, 9))
    assert modified.estimate == pytest.approx(printed["modified min=-1 definition"], rel=RTOL)


def test_linearised_and_jackknife__equal_the_survey_package(reference):
    for case in reference.numbers("linearised_jackknife"):
        call = {
            "frame": reference.frame,
            "outcome": case["outcome"],
            "rank_by": case["rank"],
            "weight": case["weights"],
            "index": NAMES[case["index_type"]],
            "bounds": tuple(case["limits"]),
        }
        design = {"stratum": "strata", "cluster": "psu"}
        linearised = engine.concentration_index(**call, **design)
        assert linearised.estimate == pytest.approx(case["index"], rel=RTOL)
        assert linearised.std_error == pytest.approx(case["se_linear_design"], rel=RTOL)
        assert engine.concentration_index(**call).std_error == pytest.approx(case["se_linear_iid"], rel=RTOL)
        jackknife = engine.concentration_index(**call, **design, method="jackknife")
        assert jackknife.std_error == pytest.approx(case["se_jackknife_design"], rel=RTOL)
        assert jackknife.rows[0].n_clusters == case["n_psu"]


def test_linearised__with_clusters_but_no_strata(reference):
    for case in reference.numbers("linearised_cluster_no_strata"):
        index = NAMES[case["index_type"]]
        result = engine.concentration_index(
            reference.frame, "high", "income", weight="w", cluster="psu", index=index, bounds=(0, 1)
        )
        assert result.estimate == pytest.approx(case["index"], rel=RTOL)
        assert result.std_error == pytest.approx(case["se_linear_cluster"], rel=RTOL)


def test_extended_and_symmetric__jackknife_equals_the_survey_package(reference):
    case = reference.numbers("jackknife_extended_symmetric")
    for name, estimate, std_error in zip(case["names"], case["estimate"], case["se"], strict=True):
        index, parameter = {"ext": "extended", "sym": "symmetric"}[name[:3]], float(name[3:])
        call = {"weight": "w", "stratum": "strata", "cluster": "psu", "index": index, "parameter": parameter}
        jackknife = engine.concentration_index(reference.frame, "bmi", "inc10", **call, method="jackknife")
        assert jackknife.estimate == pytest.approx(estimate, rel=RTOL)
        assert jackknife.std_error == pytest.approx(std_error, rel=RTOL)
        assert jackknife.linearised_std_error == pytest.approx(std_error, rel=FIRST_ORDER[reference.name])


def test_reference_values__on_real_files(oracle, shared):
    reference = oracle("reference_values")
    brfss = pl.read_parquet(shared / "data" / "brfss2015_indicators.parquet")
    doctor = pl.read_parquet(shared / "data" / "doctoraus.parquet")
    for name, expected in reference.items():
        source, *_, column = name.split()
        if source == "brfss2015":
            frame = brfss.select(y=pl.col(column), x="Income")
        else:
            frame = doctor.select(y=pl.col(column) > 0, x="income")
        results = {
            key: engine.concentration_index(frame, "y", "x", index=index, bounds=(0, 1))
            for key, index in {"C": "standard", "Erreygers": "erreygers", "Wagstaff": "wagstaff"}.items()
        }
        for key, result in results.items():
            assert result.estimate == pytest.approx(expected[key], rel=RTOL)
            assert result.n_obs == expected["n"]


@pytest.mark.parametrize("weight", [None, "w"])
def test_indices__follow_from_all_pairs_of_people(simulated, weight):
    """The generalized index is the mean over pairs of what the better-off has more, with no rank at all."""
    y, x = simulated["high"].to_numpy().astype(float), simulated["income"].to_numpy()
    w = np.ones(len(y)) if weight is None else simulated[weight].to_numpy()
    mean = (w * y).sum() / w.sum()
    pairs = w[:, None] * w * (y[:, None] - y) * np.sign(x[:, None] - x)
    generalized = pairs.sum() / (2 * w.sum() ** 2)
    expected = {
        "generalized": generalized,
        "standard": generalized / mean,
        "erreygers": 4 * generalized,
        "wagstaff": generalized / (mean * (1 - mean)),
    }
    for index, value in expected.items():
        result = engine.concentration_index(
            simulated, "high", "income", weight=weight, index=index, bounds=(0, 1)
        )
        assert result.estimate == pytest.approx(value, rel=RTOL)


def spec_of(case):
    spec, limits = case["spec"], case["limits"]
    if spec in NAMES or spec == "gini":
        name, parameter = NAMES.get(spec, "standard"), None
    elif spec.startswith("M"):
        name, parameter = "modified", None
    else:
        generalized, bare = spec.startswith("g"), spec.removeprefix("g")
        name = ("generalized_" if generalized else "") + {"ext": "extended", "sym": "symmetric"}[bare[:3]]
        parameter = float(bare[3:])
    bounds = None if not limits else (float(limits[0]), float(limits[1]) if len(limits) > 1 else np.inf)
    return name, parameter, bounds


def frame_of(name, request):
    return TINY if name == "tiny" else request.getfixturevalue(name)


@pytest.mark.parametrize("name", PEERS)
def test_conindex__every_number_of_its_r_port(oracle, request, name):
    """Ours beside what conindex prints, or, for the simulated survey, the regression it describes."""
    from engine.api.arguments import RankedArguments
    from engine.api.frame_arrays import ranked_sample
    from engine.estimators.index.concentration import estimate_concentration
    from engine.estimators.replicates.settings import ReplicateSettings
    from engine.study import ConcentrationSpec

    frame, seen = frame_of(name, request), 0
    for case in oracle(f"convenient_regression_{name}"):
        index, parameter, bounds = spec_of(case)
        cluster = "psu" if case["se_kind"] == "cluster" else None
        given = RankedArguments(
            outcome=case["outcome"], rank_by=case["rank"], weight=case["weights"], cluster=cluster
        )
        if "error" in case:  # limits above the smallest value: refused there, and here
            with pytest.raises(engine.DataError, match="outside its bounds"):
                ranked_sample(frame, given, bounds)
            continue
        arrays = ranked_sample(frame, given, None)
        spec = ConcentrationSpec(
            name="x",
            kind="concentration",
            outcome=case["outcome"],
            rank_by=case["rank"],
            index=index,
            parameter=parameter,
            bounds=bounds,
            peer="conindex",
        )
        rows = {
            row.method: row
            for row in estimate_concentration(
                arrays, spec, {case["outcome"]: bounds}, ReplicateSettings(seed=0)
            ).rows
        }
        if index != "modified" or bounds[0] == 0:  # conindex's modified index is not the definition
            assert rows["linearised"].estimate == pytest.approx(case["index"], rel=STATA_RTOL)
        if case["se"] is None:
            continue
        peer = rows[f"conindex, {case['se_kind']}"]
        assert peer.estimate == pytest.approx(case["index"], rel=STATA_RTOL)
        # Ranking an event by itself fits perfectly: its errors are rounding of 0.
        assert peer.std_error == pytest.approx(case["se"], rel=RTOL, abs=1e-15)
        if case["se"] > 1e-12:
            # Beyond t = 40 the tails of two libraries differ in the sixth digit of 1e-300.
            assert peer.p_value == pytest.approx(case["p_value"], rel=1e-6, abs=1e-200)
            seen += 1
    assert seen == PEERS[name]


def test_groups__difference_with_shared_clusters(reference, tmp_path):
    expected = reference.numbers("group_difference")
    reference.frame.write_parquet(tmp_path / "survey.parquet")
    (tmp_path / "study.toml").write_text(
        study_text(
            design={"weight": "w", "stratum": "strata", "cluster": "psu"},
            variables={
                "high": event("yes", no=[0], yes=[1]),
                "income": {},
                "sex": factor(male=["male"], female=["female"]),
            },
            analyses=[analysis("concentration", outcome="high", rank_by="income", by="sex", compare=True)],
        )
    )
    male, female, difference, joint = engine.run(tmp_path / "study.toml", out=tmp_path / "run").rows
    assert [male.estimate, female.estimate] == pytest.approx(expected["est"], rel=RTOL)
    assert male.std_error == pytest.approx(expected["V"][0][0] ** 0.5, rel=RTOL)
    assert female.std_error == pytest.approx(expected["V"][1][1] ** 0.5, rel=RTOL)
    assert difference.estimate == pytest.approx(expected["diff"], rel=RTOL)
    assert difference.std_error == pytest.approx(expected["se_diff"], rel=RTOL)
    # With one difference the adjusted Wald statistic is the squared t.
    assert joint.estimate == pytest.approx(expected["z"] ** 2, rel=RTOL)
    assert joint.p_value == pytest.approx(difference.p_value, rel=1e-6)
