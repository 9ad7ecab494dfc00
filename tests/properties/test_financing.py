"""Measures of payments and benefits: identities, scale, ranges, draws, and what is refused or undefined."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.errors import DataError, UsageError
from tests.properties.cases import cases

DESIGN = {"weight": "w", "cluster": "psu"}
MAIN = [
    "gini",
    "gini_net",
    "concentration",
    "net_concentration",
    "payment_share",
    "kakwani",
    "reynolds_smolensky",
    "redistributive_effect",
    "reranking",
]


@st.composite
def payments(draw):
    n = draw(st.integers(8, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    income = generator.integers(5, 60, n).astype(float)
    return pl.DataFrame(
        {
            "income": income,
            "paid": np.round(income * generator.uniform(0, 0.8, n) * (generator.random(n) < 0.7), 1),
            "w": generator.uniform(0.5, 3.0, n),
            "psu": np.arange(n) // 2,
        }
    ).with_columns(paid=pl.when(pl.col("paid").sum() > 0).then("paid").otherwise(1.0))


def estimates(frame, measures, **options):
    result = engine.financing(frame, "paid", "income", measures, **DESIGN, **options)
    return {(row.measure, row.level): row for row in result.rows}


def values(frame, measures, **options):
    return {key[0]: row.estimate for key, row in estimates(frame, measures, **options).items()}


@given(frame=payments())
@cases(40)
def test_identities__of_progressivity_hold(frame):
    found = values(frame, MAIN)
    t = found["payment_share"]
    assert found["kakwani"] == pytest.approx(found["concentration"] - found["gini"], abs=1e-12)
    assert found["reynolds_smolensky"] == pytest.approx(found["kakwani"] * t / (1 - t), abs=1e-10)
    effect = found["reynolds_smolensky"] - found["reranking"]
    assert found["redistributive_effect"] == pytest.approx(effect, abs=1e-12)
    assert found["reranking"] >= -1e-12
    assert -2.0 <= found["kakwani"] <= 1.0


@given(frame=payments())
@cases(30)
def test_identities__of_catastrophic_payments_hold(frame):
    names = ["headcount", "overshoot", "mean_positive_overshoot", "headcount_concentration"]
    found = values(frame, [*names, "weighted_headcount"], threshold=0.2)
    if found["headcount"] == 0.0:
        assert found["mean_positive_overshoot"] is None
        return
    assert found["overshoot"] == pytest.approx(found["headcount"] * found["mean_positive_overshoot"])
    weighted = found["headcount"] * (1.0 - found["headcount_concentration"])
    assert found["weighted_headcount"] == pytest.approx(weighted)


@given(frame=payments(), factor=st.sampled_from([0.01, 7.0, 1e6]))
@cases(30)
def test_scale__relative_measures_do_not_see_the_currency(frame, factor):
    other = frame.with_columns(pl.col("income", "paid") * factor)
    first, second = values(frame, MAIN), values(other, MAIN)
    for name, value in first.items():
        assert second[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


@given(frame=payments())
@cases(30)
def test_proportional__payments_change_no_distribution(frame):
    found = values(frame.with_columns(paid=0.25 * pl.col("income")), MAIN)
    for name in ("kakwani", "reynolds_smolensky", "redistributive_effect", "reranking"):
        assert found[name] == pytest.approx(0.0, abs=1e-12)
    assert found["payment_share"] == pytest.approx(0.25)


@given(frame=payments())
@cases(30)
def test_shares__of_all_intervals_are_everything(frame):
    shares = [row.estimate for row in estimates(frame, "interval_share").values()]
    assert len(shares) == 5
    assert sum(shares) == pytest.approx(1.0)
    found = estimates(frame, ["poorest_share", "richest_share"], percentiles=[30])
    total = found["poorest_share", "30"].estimate + found["richest_share", "70"].estimate
    assert total == pytest.approx(1.0)


@given(frame=payments())
@cases(20)
def test_replication__people_twice_change_no_estimate(frame):
    twice = pl.concat([frame, frame])
    for key, row in estimates(frame, [*MAIN, "achievement", "poorest_share"]).items():
        other = estimates(twice, [*MAIN, "achievement", "poorest_share"])[key]
        assert other.estimate == pytest.approx(row.estimate, rel=1e-9, abs=1e-12), key


def people():
    generator = np.random.default_rng(4)
    n = 600
    income = np.round(generator.lognormal(3, 0.6, n), 1)
    return pl.DataFrame(
        {
            "income": income,
            "paid": np.round(income * generator.beta(1, 6, n), 1),
            "w": generator.uniform(0.5, 2.0, n),
            "psu": np.arange(n) // 10,
            "region": np.where(np.arange(n) % 2 == 0, "north", "south"),
        }
    )


EVERY = [*MAIN, "headcount", "overshoot", "weighted_overshoot", "achievement", "poverty_gap_impact"]
LINES = {"threshold": 0.1, "poverty_line": 12.0}


def test_linearised_errors__are_those_of_the_jackknife():
    result = engine.financing(
        people(),
        "paid",
        "income",
        [*EVERY, "lorenz"],
        method="jackknife",
        interval="normal",
        **LINES,
        **DESIGN,
    )
    for linearised, jackknife in zip(result.rows[::2], result.rows[1::2], strict=True):
        assert linearised.estimate == jackknife.estimate
        assert linearised.std_error == pytest.approx(jackknife.std_error, rel=0.03), linearised.measure


def test_groups__differ_with_their_covariance_in_every_draw():
    result = engine.financing(
        people(), "paid", "income", EVERY, by="region", compare=True, bootstrap=200, **LINES, **DESIGN
    )
    differences = [row for row in result.rows if row.measure == "difference"]
    assert len(differences) == 2 * len(EVERY)
    assert {row.term for row in differences} >= {"kakwani", "headcount 0.1", "achievement 2"}
    for linearised, replicated in zip(differences[::2], differences[1::2], strict=True):
        assert linearised.std_error == pytest.approx(replicated.std_error, rel=0.3), linearised.term
        assert replicated.n_failed == 0


def test_threads_and_order__move_no_bit():
    frame = people()
    options = {"bootstrap": 100, **LINES, **DESIGN}
    first = engine.financing(frame, "paid", "income", EVERY, threads=1, **options)
    second = engine.financing(frame, "paid", "income", EVERY, threads=3, **options)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    third = engine.financing(shuffled, "paid", "income", EVERY, **options)
    assert first.rows == second.rows == third.rows


def test_replicate_weights__stand_for_the_design():
    frame = people()
    group = np.arange(600) // 10 % 20
    weights = {f"rw{k}": np.where(group == k, 0.0, frame["w"].to_numpy() * 20 / 19) for k in range(20)}
    frame = frame.with_columns(**weights)
    given = {"columns": "rw*", "method": "jk1"}
    (row,) = engine.financing(frame, "paid", "income", "kakwani", weight="w", replicate_weights=given).rows
    theta = [
        engine.financing(frame, "paid", "income", "kakwani", weight=name).rows[0].estimate for name in weights
    ]
    expected = np.sqrt(19 / 20 * ((np.array(theta) - row.estimate) ** 2).sum())
    assert row.std_error == pytest.approx(expected, rel=1e-10)


def test_benefits__are_the_cost_of_use_less_the_fee():
    frame = people().with_columns(visits=(pl.col("income") * 7 % 5).floor(), fee=pl.col("paid") * 0.1)
    benefit = (20.0 * pl.col("visits") - pl.col("fee")).clip(lower_bound=0.0)
    known = frame.with_columns(benefit=benefit)
    names = ["concentration", "kakwani", "payment_share", "interval_share"]
    asked = engine.financing(frame, "visits", "income", names, unit_cost=20, fee="fee", **DESIGN)
    expected = engine.financing(known, "benefit", "income", names, **DESIGN)
    assert [row.estimate for row in asked.rows] == [row.estimate for row in expected.rows]
    assert [row.std_error for row in asked.rows] == [row.std_error for row in expected.rows]
    # Benefits are added to resources, payments are taken from them.
    net = engine.financing(frame, "visits", "income", "gini_net", unit_cost=20, **DESIGN).rows[0].estimate
    total = known.with_columns(total=pl.col("income") + 20.0 * pl.col("visits"))
    assert net == pytest.approx(engine.inequality(total, "total", "gini", weight="w").estimate)


def test_capacity__is_what_payments_are_a_share_of():
    frame = people().with_columns(left=0.5 * pl.col("income"))
    of_left = engine.financing(frame, "paid", "income", "headcount", capacity="left", threshold=0.2, **DESIGN)
    of_all = engine.financing(frame, "paid", "income", "headcount", threshold=0.1, **DESIGN)
    assert of_left.rows[0].estimate == of_all.rows[0].estimate


def test_undefined__has_a_status_and_a_reason():
    frame = pl.DataFrame({"income": [0.0, 5.0, 10.0, 20.0], "paid": [1.0, 1.0, 0.0, 4.0]})
    headcount, overshoot = engine.financing(
        frame, "paid", "income", ["headcount", "overshoot"], threshold=0.1
    ).rows
    assert headcount.estimate == pytest.approx(0.75)
    assert overshoot.estimate is None
    assert overshoot.status == "undefined: payments without resources in 1 rows"
    debts = frame.with_columns(income=pl.col("income") - 20.0)
    assert engine.financing(debts, "paid", "income", "kakwani").rows[0].status == "undefined"
    nobody = frame.with_columns(paid=pl.lit(0.0))
    assert engine.financing(nobody, "paid", "income", "concentration").rows[0].status == "undefined"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"measure": "headcount"}, "threshold"),
        ({"measure": "poverty_gap"}, "poverty_line"),
        ({"measure": "kakwani", "fee": "w"}, "fee"),
        ({"measure": "kakwanis"}, "measure"),
        ({"measure": "kakwani", "bootstrap": 2}, "bootstrap"),
        ({"measure": "achievement", "aversion": 1.0}, "aversion"),
    ],
)
def test_arguments__what_is_missing_is_named(options, named):
    with pytest.raises(UsageError, match=f"^{named}: "):
        engine.financing(people(), "paid", "income", **options)


def test_negative_payments__are_refused_without_their_value():
    frame = people().with_columns(paid=-pl.col("paid"))
    with pytest.raises(DataError, match="negative values"):
        engine.financing(frame, "paid", "income", "kakwani")
