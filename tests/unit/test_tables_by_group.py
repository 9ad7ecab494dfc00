"""Tables by group: people, clusters, degrees of freedom and limits of each group by hand."""

import numpy as np
import polars as pl
import pytest
from scipy.special import betaincinv, stdtrit

import engine

N = 84  # some of them without weight or answer
CLUSTER = np.arange(N) % 12
FRAME = pl.DataFrame(
    {
        "g": np.where(CLUSTER < 5, "a", "b"),
        "y": [None if i % 7 == 3 else i / 4 for i in range(N)],
        "ill": [None if i % 11 == 6 else i % 12 >= 5 and i % 3 == 0 for i in range(N)],
        "w": np.arange(N) % 5.0,
        "stratum": CLUSTER % 2,
        "cluster": CLUSTER,
    }
)
CLUSTERS = {"weight": "w", "stratum": "stratum", "cluster": "cluster"}


def kept(frame, group):
    return frame if group is None else frame.filter(pl.col("g") == group)


@pytest.mark.parametrize(("group", "subgroup"), [("a", "g=a"), ("b", "g=b"), (None, None)])
def test_means__are_those_of_the_people_of_each_group(group, subgroup):
    found = engine.describe(FRAME, "y", by="g", **CLUSTERS).rows
    (row,) = [row for row in found if (row.measure, row.subgroup) == ("mean", subgroup)]
    people = kept(FRAME, group).drop_nulls("y").filter(pl.col("w") > 0)
    y, w = people["y"].to_numpy(), people["w"].to_numpy()
    mean = np.average(y, weights=w)
    assert row.estimate == pytest.approx(mean, rel=1e-14)
    assert (row.n_obs, row.sum_weights) == (len(people), w.sum())
    assert (row.n_clusters, row.df2) == (people["cluster"].n_unique(), people["cluster"].n_unique() - 2)
    totals = np.bincount(people["cluster"], weights=w * (y - mean) / w.sum(), minlength=12)
    variance = 0.0
    for h in range(2):  # all clusters of a stratum count, also those without people of the group
        of_stratum = totals[h::2]
        variance += 6 / 5 * ((of_stratum - of_stratum.mean()) ** 2).sum()
    assert row.std_error == pytest.approx(np.sqrt(variance), rel=1e-12)


@pytest.mark.parametrize("group", ["a", "b"])
def test_degrees_without_clusters__are_people_less_strata(group):
    found = engine.describe(FRAME, "y", by="g", weight="w", stratum="stratum").rows
    (row,) = [row for row in found if (row.measure, row.subgroup) == ("mean", f"g={group}")]
    assert row.df2 == len(kept(FRAME, group).drop_nulls("y").filter(pl.col("w") > 0)) - 2


def test_rate_of_nobody__has_the_limits_of_the_effective_people():
    """Korn and Graubard: the design effect of all people stands in for that of a rate of 0."""
    found = engine.rates(FRAME, "ill", "g", **CLUSTERS).rows
    rows = {row.level: row for row in found}
    none, everybody = rows["a"], rows[None]
    n, p = everybody.n_obs, everybody.estimate
    effect = max(everybody.std_error**2 * (n - 1) / (p * (1 - p)), 1.0)
    assert effect > 1.2  # so that the effect counts
    people, degrees = none.n_obs, none.n_clusters - 2
    effective = people / effect * (stdtrit(people - 1, 0.025) / stdtrit(degrees, 0.025)) ** 2
    assert (none.estimate, none.conf_low) == (0.0, 0.0)
    assert none.conf_high == pytest.approx(betaincinv(1.0, effective, 0.975), rel=1e-12)


def test_rate_of_nobody__gains_nothing_from_a_design_that_is_better_than_chance():
    """The design effect of all people is at least 1 there."""
    frame = pl.DataFrame(
        {"ill": [0] * 36 + [1] * 12, "stratum": [1] * 34 + [2] * 14, "g": ["a"] * 10 + ["b"] * 38}
    )
    rows = {row.level: row for row in engine.rates(frame, "ill", "g", stratum="stratum").rows}
    everybody, none = rows[None], rows["a"]
    p = everybody.estimate
    assert everybody.std_error**2 * 47 / (p * (1 - p)) < 0.5
    effective = 10 * (stdtrit(9, 0.025) / stdtrit(none.df2, 0.025)) ** 2
    assert none.conf_high == pytest.approx(betaincinv(1.0, effective, 0.975), rel=1e-12)


def test_rate_by_beta__has_limits_of_the_effective_people():
    (total,) = engine.rates(FRAME, "ill", interval="beta", **CLUSTERS).rows
    p, n, degrees = total.estimate, total.n_obs, 10
    effective = p * (1 - p) / total.std_error**2
    effective *= (stdtrit(n - 1, 0.025) / stdtrit(degrees, 0.025)) ** 2
    low = betaincinv(effective * p, effective * (1 - p) + 1, 0.025)
    high = betaincinv(effective * p + 1, effective * (1 - p), 0.975)
    assert (total.conf_low, total.conf_high) == pytest.approx((low, high), rel=1e-12)


@pytest.mark.parametrize("n", [0, 1])
def test_rate__of_a_group_with_none_or_one_observation(n):
    frame = FRAME.with_columns(
        part=pl.when(pl.int_range(N).is_between(1, n))
        .then(pl.lit("few"))
        .otherwise(pl.lit("many"))
        .cast(pl.Enum(["few", "many"]))
    )
    (few,) = [row for row in engine.rates(frame, "ill", "part", weight="w").rows if row.level == "few"]
    if n == 0:
        assert (few.status, few.estimate) == ("no observations", None)
    else:
        assert (few.status, few.estimate, few.n_obs) == ("no degrees of freedom", 0.0, 1)


def test_rate_by_replicates__tells_how_many_there_are():
    weight = {f"r{i}": [1.0 + (j + i) % 2 for j in range(N)] for i in range(4)}
    frame = FRAME.with_columns(
        ill=pl.col("ill").cast(pl.Int8), g=pl.col("g").cast(pl.Enum(["a", "b", "c"]))
    ).with_columns(**{name: pl.Series(values) for name, values in weight.items()})
    given = {"columns": [*weight], "method": "brr"}
    rows = engine.rates(frame, "ill", "g", weight="w", replicate_weights=given).rows
    found = {row.level: (row.n_replicates, row.n_failed) for row in rows}
    assert found == {None: (4, 0), "a": (4, 0), "b": (4, 0), "c": (None, None)}
    here = frame.filter(pl.col("w") > 0, pl.col("ill").is_not_null())
    for level, df2 in ((row.level, row.df2) for row in rows if row.level != "c"):
        people = here if level is None else here.filter(pl.col("g") == level)
        assert df2 == np.linalg.matrix_rank(people[[*weight]].to_numpy()) - 1


def test_counts__of_levels_and_of_what_is_missing():
    frame = FRAME.with_columns(
        level=pl.when(pl.int_range(N) % 4 == 0).then(None).otherwise("g").cast(pl.Enum(["a", "b", "c"]))
    )
    rows = engine.describe(frame, "level", weight="w").rows
    found = {(row.level, row.measure): row.estimate for row in rows}
    people = frame.filter(pl.col("w") > 0)
    missing = people["level"].null_count()
    assert {level for level, _ in found} == {"a", "b", "c", "(blank)"}
    assert found["(blank)", "count"] == missing
    assert found["c", "count"] == 0
    for level in ("a", "b"):
        here = people.filter(pl.col("level") == level)
        assert found[level, "count"] == len(here)
        assert found[level, "percent"] == pytest.approx(100 * len(here) / len(people))
        assert found[level, "weighted_count"] == pytest.approx(here["w"].sum())
        assert found[level, "weighted_percent"] == pytest.approx(100 * here["w"].sum() / people["w"].sum())
