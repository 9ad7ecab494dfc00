"""Direct standardisation: what it leaves alone, empty cells, replicate weights, and what is refused."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.errors import EstimationError, StudyError, UsageError
from engine.study import parse_study
from tests.study_texts import analysis, event, factor, study_text

STANDARD = {"by": "age", "population": [["old", 1.0], ["young", 3.0]]}


@pytest.fixture
def people():
    generator = np.random.default_rng(11)
    n = 800
    age = np.where(generator.random(n) < 0.4, "old", "young")
    place = np.where(generator.random(n) < 0.5, "north", "south")
    risk = 0.15 + 0.3 * (age == "old") + 0.1 * (place == "north")
    return pl.DataFrame(
        {
            "age": age,
            "place": place,
            "ill": (generator.random(n) < risk).astype(float),
            "bmi": generator.normal(25, 4, n),
            "w": generator.uniform(0.5, 2, n),
            "psu": np.arange(n) // 8,
        }
    )


DESIGN = {"weight": "w", "cluster": "psu"}


def test_own_structure__leaves_the_rate_as_it_is(people):
    sizes = people.group_by("age").agg(pl.col("w").sum()).rows()
    own = {"by": "age", "population": sizes}
    (crude,) = engine.rates(people, "ill", **DESIGN).rows
    (standardised,) = engine.rates(people, "ill", standardise=own, **DESIGN).rows
    assert standardised.estimate == pytest.approx(crude.estimate, rel=1e-12)
    assert (standardised.n_obs, standardised.sum_weights) == (crude.n_obs, pytest.approx(crude.sum_weights))
    # The structure counts as known: its sampling error is gone.
    assert standardised.std_error < crude.std_error


def test_size__of_the_standard_population_does_not_count(people):
    large = {"by": "age", "population": [["old", 2e6], ["young", 6e6]]}
    first = engine.rates(people, "ill", "place", standardise=STANDARD, **DESIGN).rows
    second = engine.rates(people, "ill", "place", standardise=large, **DESIGN).rows
    assert [row.estimate for row in first] == [row.estimate for row in second]


@pytest.mark.parametrize("cluster", ["psu", None])
def test_rates__are_sums_of_rates_of_cells_with_the_jackknifes_error(people, cluster):
    rows = engine.rates(people, "ill", "place", standardise=STANDARD, weight="w", cluster=cluster).rows
    cells = engine.rates(people, "ill", "place", by="age", weight="w").rows
    rate = {(row.subgroup, row.level): row.estimate for row in cells}
    for row in rows[1:]:
        parts = rate["age=old", row.level], rate["age=young", row.level]
        assert row.estimate == pytest.approx(np.dot(parts, [0.25, 0.75]), rel=1e-12)
    options = {"group": "place", "standardise": STANDARD, "weight": "w", "cluster": cluster}
    gap = engine.inequality(people, "ill", "difference", method="jackknife", interval="normal", **options)
    south, north = rows[2].estimate, rows[1].estimate
    assert gap.estimate == pytest.approx(south - north, rel=1e-12)
    assert gap.std_error == pytest.approx(gap.rows[0].std_error, rel=0.02)


def test_replicate_weights__give_every_replicate_its_standardised_rate(people):
    block = np.arange(800) // 8 % 20
    weights = {f"rw{k}": np.where(block == k, 0.0, people["w"].to_numpy() * 20 / 19) for k in range(20)}
    frame = people.with_columns(**weights)
    given = {"columns": "rw*", "method": "jk1"}
    (row,) = engine.rates(frame, "ill", standardise=STANDARD, weight="w", replicate_weights=given).rows
    theta = [
        engine.rates(frame, "ill", standardise=STANDARD, weight=name).rows[0].estimate for name in weights
    ]
    expected = np.sqrt(19 / 20 * ((np.array(theta) - row.estimate) ** 2).sum())
    assert row.std_error == pytest.approx(expected, rel=1e-10)


def test_replicates__of_a_standardised_difference_agree_with_its_error(people):
    options = {"group": "place", "standardise": STANDARD, "bootstrap": 400, "seed": 2, **DESIGN}
    result = engine.inequality(people, "ill", "difference", **options)
    assert result.std_error == pytest.approx(result.rows[0].std_error, rel=0.15)


def test_empty_cell__is_named_and_never_left_out(people):
    frame = people.filter(~((pl.col("age") == "old") & (pl.col("place") == "south")))
    total, north, south = engine.rates(frame, "ill", "place", standardise=STANDARD, **DESIGN).rows
    assert total.status == north.status == "ok"
    assert south.estimate is None
    assert south.status == "undefined: nobody in age=old"
    for measure in ("difference", "bgv", "mdbu"):
        result = engine.inequality(
            frame, "ill", measure, group="place", standardise=STANDARD, ordered=False, **DESIGN
        )
        assert result.status == "undefined: nobody in south, age=old"
        assert np.isnan(result.estimate)
    without = {"by": "age", "population": [["old", 0.0], ["young", 1.0]]}
    assert engine.rates(frame, "ill", "place", standardise=without, **DESIGN).rows[2].status == "ok"


def test_population__must_have_every_cell_once(people):
    for rows, word in (
        ([["old", 1.0]], "no size of age=young"),
        ([["old", 1.0], ["young", 1.0], ["old", 2.0]], "twice"),
        ([["old", 1.0], ["yuong", 1.0]], "yuong"),
    ):
        with pytest.raises(EstimationError, match=word):
            engine.rates(people, "ill", standardise={"by": "age", "population": rows})
    with pytest.raises(UsageError, match="standardise"):
        engine.rates(people, "ill", standardise={"by": "age", "population": [["old", -1.0]]})
    with pytest.raises(UsageError, match="standardise"):
        engine.inequality(people, "bmi", "gini", standardise=STANDARD)


def test_study__refuses_unknown_factors_and_short_rows():
    def faults(**standard):
        text = study_text(
            variables={
                "ill": event("ill", well=[0], ill=[1]),
                "bmi": {},
                "sex": factor(male=[1], female=[2]),
            },
            analyses=[analysis("rates", outcome="ill", standardise=standard)],
        )
        with pytest.raises(StudyError) as raised:
            parse_study(text)
        return str(raised.value)

    assert "unknown variable 'age'" in faults(by="age", population=[["old", 1.0]])
    assert "the number 'bmi'" in faults(by="bmi", population=[["old", 1.0]])
    assert "a row of 3 entries" in faults(by="sex", population=[["male", "old", 1.0]])
