"""What moved between two groups: against R, and adding up exactly in every index and replicate."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.study import parse_study
from tests.study_texts import analysis, event, factor, study_text

TENURES = ("homeless", "irregular", "own_apartment", "own_house", "rent")


def study_of(index, **settings):
    """Return a decomposition of what moved between the halves."""
    return study_text(
        name="change",
        seed=4,
        source={"path": "survey.parquet", "wave": "half"},
        design={"weight": "w"},
        variables={
            "high": event("yes", no=[0], yes=[1]),
            "income": {},
            "sex": factor(female=["female"], male=["male"]),
            "tenure": factor(**{tenure: [tenure] for tenure in TENURES}),
            "place": factor(rural=["rural"], urban=["urban"]),
            "age": {},
        },
        analyses=[
            analysis(
                "decomposition",
                name="behind",
                outcome="high",
                rank_by="income",
                by="wave",
                terms=["sex", "tenure", "place", "age"],
                index=index,
                change=True,
                **settings,
            )
        ],
    )


def run(tmp_path, frame, index="standard", **settings):
    frame.write_parquet(tmp_path / "survey.parquet")
    spec = parse_study(study_of(index, **settings))
    return engine.run(spec, data=tmp_path / "survey.parquet", out=tmp_path / f"run-{index}").to_frame()


@pytest.fixture
def halves(reference):
    frame = reference.frame
    income, odd = frame["income"].to_numpy(), frame["id"].to_numpy() % 2 == 1
    # By NumPy, which rounds as R does; Polars divides by a constant with other last digits, which make or
    # part ties.
    moved = income * (0.8 + frame["age"].to_numpy() / 300)
    return frame.with_columns(
        half=pl.Series(np.where(odd, 1, 2)), income=pl.Series(np.where(odd, income, moved))
    )


def of(frame, measure, weighting=""):
    own = frame.filter(
        (pl.col("measure") == measure) & pl.col("method").str.contains(weighting, literal=True)
    )
    return own.filter(pl.col("term") != "all terms")["estimate"].to_numpy()


def test_change__equals_r(tmp_path, reference, halves):
    case = reference.numbers("inequity_and_change")["change"]
    found = run(tmp_path, halves)
    change = found.filter(pl.col("subgroup") == "2 - 1")
    second, first = "second elasticity, first index", "first elasticity, second index"
    for measure, weighting, key in (
        ("inequality_effect", second, "eta2_dC"),
        ("elasticity_effect", second, "C1_deta"),
        ("inequality_effect", first, "eta1_dC"),
        ("elasticity_effect", first, "C2_deta"),
    ):
        assert of(change, measure, weighting) == pytest.approx(np.array(case[key]), rel=1e-8, abs=1e-12)
    single = {
        row["measure"]: row["estimate"] for row in change.to_dicts() if row["term"] in (None, "standard")
    }
    assert single["residual_change"] == pytest.approx(case["d_resid"], rel=1e-7)
    assert single["difference"] == pytest.approx(case["change"], rel=1e-10)


@pytest.mark.parametrize("index", ["generalized", "erreygers", "wagstaff"])
def test_change__adds_up_in_every_index(tmp_path, halves, index):
    change = run(tmp_path, halves, index).filter(pl.col("subgroup") == "2 - 1")
    effects = [
        of(change, "inequality_effect", weighting) + of(change, "elasticity_effect", weighting)
        for weighting in ("second elasticity", "first elasticity")
    ]
    parts = of(change, "contribution_change")
    assert effects[0] == pytest.approx(parts, rel=1e-9, abs=1e-14)
    assert effects[1] == pytest.approx(parts, rel=1e-9, abs=1e-14)
    residual = change.filter(pl.col("measure") == "residual_change")["estimate"].item()
    whole = change.filter(pl.col("measure") == "difference")["estimate"].item()
    assert parts.sum() + residual == pytest.approx(whole, rel=1e-11)


def test_change__has_the_errors_of_independent_waves(tmp_path, halves):
    found = run(tmp_path, halves, bootstrap={"replicates": 400, "method": "iid"})
    errors = {
        (row["wave"], row["subgroup"]): row["std_error"]
        for row in found.filter(pl.col("measure").is_in(["standard", "difference"])).to_dicts()
    }
    both = np.hypot(errors["1", None], errors["2", None])
    # 400 replicates know a standard error to 3.5 %.
    assert errors[None, "2 - 1"] == pytest.approx(both, rel=0.12)
    assert found.filter(pl.col("measure") == "inequality_effect")["std_error"].is_not_null().all()


def test_level_of_one_group__counts_as_elasticity(tmp_path, halves):
    without = halves.filter((pl.col("half") == 2) | (pl.col("tenure") != "rent"))
    change = run(tmp_path, without).filter((pl.col("subgroup") == "2 - 1") & (pl.col("level") == "rent"))
    rows = {row["measure"]: row for row in change.to_dicts() if "first elasticity" not in row["method"]}
    assert rows["inequality_effect"]["estimate"] == 0.0
    assert rows["elasticity_effect"]["estimate"] == pytest.approx(
        rows["contribution_change"]["estimate"], rel=1e-12
    )
    assert rows["contribution_change"]["status"].startswith("a level of one group only")


def test_groups_with_other_references__are_not_subtracted(tmp_path, halves):
    without = halves.filter((pl.col("half") == 1) | (pl.col("tenure") != "homeless"))
    change = run(tmp_path, without).filter(pl.col("subgroup") == "2 - 1")
    tenure = change.filter(pl.col("term") == "tenure")
    assert tenure["estimate"].is_null().all()
    assert set(tenure["status"]) == {"the groups compare with different reference levels"}
    assert change.filter(pl.col("term") == "age")["estimate"].is_not_null().all()
