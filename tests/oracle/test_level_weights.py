"""Multilevel models with weights at all levels: brute force, replication, and what must not matter."""

from functools import partial

import numpy as np
import polars as pl
import pytest

import engine
from engine.data.broken_rules import RuleError
from engine.data.validate import refuse_design
from engine.errors import DataError, StudyError, UsageError
from tests.study_texts import analysis, factor, study_text

GRIDS = {"ill": 41, "score": 121}  # points of a trapezoid: posterior spreads of the linear model are narrow


def people(seed=8):
    """About 330 people in 40 villages in 10 cities, with whole-number weights at each level."""
    random = np.random.default_rng(seed)
    size = random.integers(5, 12, 40)
    village = np.repeat(np.arange(40), size)
    city = village // 4
    n = len(village)
    x = random.normal(size=n)
    shift = 0.9 * random.normal(size=10)[city] + 0.8 * random.normal(size=40)[village]
    return pl.DataFrame(
        {
            "ill": random.random(n) < 1 / (1 + np.exp(-(-0.4 + 0.6 * x + shift))),
            "score": 2 + 0.5 * x + shift + random.normal(size=n),
            "x": x,
            "village": village,
            "city": city,
            "w": random.integers(1, 4, n).astype(float),
            "wv": random.integers(1, 4, 40).astype(float)[village],
            "wc": random.integers(1, 4, 10).astype(float)[city],
        }
    )


FRAME = people()
WEIGHTS = {"weight": "w", "scaling": "unscaled"}
OF_LEVELS = {
    ("village",): {"village": "wv"},
    ("village", "city"): {"village": "wv", "city": "wc"},
}
FITS = {
    "ill": lambda *given, **more: engine.mixed_logit(*given, points=25, **more),
    "score": engine.mixed_linear,
}


def fitted(frame, outcome, levels, **options):
    return FITS[outcome](frame, outcome, ["x"], [*levels], **options).rows


def numbers(rows, what="estimate"):
    return [getattr(row, what) for row in rows if row.measure in ("coefficient", "variance")]


def cluster_likelihoods(outcome, levels, theta):
    """Return the weighted log-likelihood of each outermost cluster, summed on a plain grid.

    theta: constant, slope, the standard deviations of the levels from the innermost, and of the residual.
    """
    z = np.linspace(-6.5, 6.5, GRIDS[outcome])
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    y, x, w = (FRAME[name].cast(pl.Float64).to_numpy() for name in (outcome, "x", "w"))
    village, outer = FRAME["village"].to_numpy(), FRAME[levels[-1]].to_numpy()
    wv, top = FRAME["wv"].to_numpy(), FRAME["wv" if len(levels) == 1 else "wc"].to_numpy()
    points = z if len(levels) == 2 else np.zeros(1)
    shift = (theta[3] if len(levels) == 2 else 0.0) * points[:, None] + theta[2] * z
    found = []
    for i in np.unique(outer):
        logs = np.zeros(len(points))
        for j in np.unique(village[outer == i]):
            own = village == j
            eta = theta[0] + theta[1] * x[own]
            if outcome == "ill":
                at = eta[:, None, None] + shift
                each = np.tensordot(w[own], y[own][:, None, None] * at - np.log1p(np.exp(at)), 1)
            else:
                r = y[own] - eta
                squares = w[own] @ r**2 - 2 * shift * (w[own] @ r) + shift**2 * w[own].sum()
                each = -0.5 * squares / theta[-1] ** 2
                each -= w[own].sum() * (np.log(theta[-1]) + 0.5 * np.log(2 * np.pi))
            logs += (1.0 if len(levels) == 1 else wv[own][0]) * np.log(np.exp(each) @ density)
        whole = logs[0] if len(levels) == 1 else np.log(np.exp(logs) @ density)
        found.append(top[outer == i][0] * whole)
    return np.array(found)


@pytest.mark.parametrize("levels", OF_LEVELS, ids=len)
@pytest.mark.parametrize("outcome", FITS)
def test_estimates_and_errors__are_those_of_a_plain_grid(outcome, levels):
    """Maximum, and sandwich errors from differences of the likelihood of each outermost cluster."""
    rows = fitted(FRAME, outcome, levels, level_weights=OF_LEVELS[levels], **WEIGHTS)
    found, errors = np.array(numbers(rows)), np.array(numbers(rows, "std_error"))
    at, h = np.concatenate([found[:2], np.sqrt(found[2:])]), 2e-3
    steps, Q = np.eye(len(at)) * h, len(at)

    def likelihoods(move):
        return cluster_likelihoods(outcome, levels, at + move)

    middle, up, down = likelihoods(0 * at), [*map(likelihoods, steps)], [*map(likelihoods, -steps)]
    scores = np.array([(one - other) / (2 * h) for one, other in zip(up, down, strict=True)])
    bread = np.zeros((Q, Q))
    for a in range(Q):
        bread[a, a] = -(up[a] + down[a] - 2 * middle).sum() / h**2
        for b in range(a):
            both = likelihoods(steps[a] + steps[b]) + likelihoods(-steps[a] - steps[b])
            both = both - up[a] - up[b] - down[a] - down[b] + 2 * middle
            bread[a, b] = bread[b, a] = -both.sum() / (2 * h**2)
    assert np.linalg.solve(bread, scores.sum(axis=1)) == pytest.approx(np.zeros(Q), abs=1e-5)
    inverse, count = np.linalg.inv(bread), scores.shape[1]
    V = inverse @ scores @ scores.T @ inverse * count / (count - 1)
    expected = np.sqrt(np.diag(V)) * np.concatenate([[1, 1], 2 * at[2:]])
    assert errors == pytest.approx(expected, rel=2e-5)


def replicated(by):
    """Return the frame with each row, or each cluster under new ids, as often as its weight says."""
    column = {"w": None, "wv": "village", "wc": "city"}[by]
    times = FRAME[by].cast(pl.Int64)
    copies = FRAME.with_columns(copy=pl.int_ranges(0, times)).explode("copy")
    if column is None:
        return copies
    renamed = {name: 100 * pl.col(name) + pl.col("copy") for name in {"village", column}}
    return copies.with_columns(**renamed)


@pytest.mark.parametrize("outcome", FITS)
@pytest.mark.parametrize(
    ("by", "levels", "options"),
    [
        ("w", ["village", "city"], WEIGHTS),
        ("wv", ["village"], {"level_weights": {"village": "wv"}}),
        ("wv", ["village", "city"], {"level_weights": {"village": "wv"}}),
        ("wc", ["village", "city"], {"level_weights": {"city": "wc"}}),
    ],
    ids=["people", "clusters", "inner", "outer"],
)
def test_whole_weights__are_copies(outcome, by, levels, options):
    """A weight of 2 is a second such person, or a second such cluster with all of its people."""
    weighted, copies = fitted(FRAME, outcome, levels, **options), fitted(replicated(by), outcome, levels)
    assert numbers(weighted) == pytest.approx(numbers(copies), rel=1e-10)


@pytest.mark.parametrize("model", ["logit", "linear"])
def test_families_of_guatemala__are_copies_where_communities_weigh(shared, model):
    """Real children in mothers in communities: a community of weight 2 is two such communities."""
    families = pl.read_parquet(shared / "data" / "guimmun.parquet").select(
        "mom", "comm", "kid2p", y=(pl.col("immun") == "Y").cast(pl.Float64), w=1 + pl.col("comm") % 3
    )
    copies = families.with_columns(copy=pl.int_ranges(0, "w")).explode("copy")
    copies = copies.with_columns(
        (1000 * pl.col("copy") + pl.col(name)).alias(name) for name in ("mom", "comm")
    )
    copies = copies.with_columns(mom=pl.concat_str("mom", pl.lit("/"), "comm"))
    fit = engine.mixed_linear if model == "linear" else partial(engine.mixed_logit, points=7)
    weighted = fit(families, "y", ["kid2p"], ["mom", "comm"], level_weights={"comm": "w"}).rows
    assert numbers(weighted) == pytest.approx(
        numbers(fit(copies, "y", ["kid2p"], ["mom", "comm"]).rows), rel=1e-9
    )


def drawn(random, outcome):
    """Draw clusters of 400 by their effects, and people of their 60 by their errors, with both weights."""
    effect = 0.8 * random.standard_normal(400)
    chance = 0.1 + 0.4 / (1 + np.exp(-1.5 * effect))
    chance *= 60 / chance.sum()
    chosen = np.flatnonzero(random.random(400) < chance)
    x = random.standard_normal((len(chosen), 60))
    eta = -0.5 + 0.7 * x + effect[chosen][:, None]
    error = random.standard_normal(x.shape)
    if outcome == "ill":
        error = (random.random(x.shape) < 1 / (1 + np.exp(-eta))) - 0.5
    y = eta + error if outcome == "score" else (error > 0).astype(float)
    of_person = 0.15 + 0.35 / (1 + np.exp(-1.5 * error))
    taken = random.random(x.shape) < of_person
    village = np.nonzero(taken)[0]
    return pl.DataFrame(
        {"village": village, outcome: y[taken], "x": x[taken], "w": 1 / of_person[taken]}
        | {"wv": 1 / chance[chosen][village]}
    )


@pytest.mark.slow
@pytest.mark.parametrize(("outcome", "scaling"), [("score", "cluster-size"), ("ill", "unscaled")])
def test_clusters_and_people_drawn_by_their_outcomes__need_the_weights(outcome, scaling):
    """The constant is far off without weights, and right with them; its intervals hold -0.5."""
    random, estimates, covers = np.random.default_rng(11), [], []
    for _ in range(100):
        frame = drawn(random, outcome)
        weights = {"weight": "w", "scaling": scaling, "level_weights": {"village": "wv"}}
        plain, weighted = (fitted(frame, outcome, ["village"], **asked)[0] for asked in ({}, weights))
        assert plain.term == weighted.term == "(constant)"
        estimates.append((plain.estimate, weighted.estimate))
        covers.append([row.conf_low <= -0.5 <= row.conf_high for row in (plain, weighted)])
    (plain, weighted), (plain_covers, covers) = np.mean(estimates, axis=0), np.mean(covers, axis=0)
    print(f"{outcome}: without {plain:.3f} ({plain_covers:.0%}), with weights {weighted:.3f} ({covers:.0%})")
    assert plain > 0.0
    assert plain_covers < 0.1
    assert abs(weighted + 0.5) < 0.06
    assert covers > 0.87


@pytest.mark.parametrize("outcome", FITS)
def test_weights_of_one__change_nothing_but_the_errors(outcome):
    ones, names = FRAME.with_columns(one=pl.lit(1.0)), ["village", "city"]
    plain = fitted(FRAME, outcome, names)
    weighted = fitted(ones, outcome, names, weight="one", level_weights={"village": "one", "city": "one"})
    assert numbers(weighted) == numbers(plain)
    robust = "weights scaled to cluster size, weights of level village, weights of level city, robust errors"
    assert all(robust in row.method for row in weighted if row.measure == "variance")
    assert not {"aic", "bic", "lr_chi2"} & {row.measure for row in weighted}


@pytest.mark.parametrize("outcome", FITS)
def test_scale__of_outermost_weights_and_of_scaled_ones_does_not_matter(outcome):
    levels, of_levels = ["village", "city"], {"village": "wv", "city": "wc"}
    moved = FRAME.with_columns(wc=7.5 * pl.col("wc"), w=pl.col("w") * (1 + pl.col("village")))
    for scaling in ("cluster-size", "effective-size"):
        asked = {"weight": "w", "level_weights": of_levels, "scaling": scaling}
        one, other = (fitted(frame, outcome, levels, **asked) for frame in (FRAME, moved))
        for what in ("estimate", "std_error"):
            assert numbers(one, what) == pytest.approx(numbers(other, what), rel=1e-6)
    size = fitted(FRAME, outcome, levels, weight="w")
    assert numbers(size) != pytest.approx(numbers(one), rel=1e-3)


def test_large_weights_of_inner_clusters__still_have_a_maximum():
    """A further step gains little beside what a person counts in the log-likelihood."""
    large = FRAME.with_columns(wv=1000 * pl.col("wv"))
    asked = {"level_weights": {"village": "wv"}, "points": "auto"}
    rows = engine.mixed_logit(large, "ill", ["x"], ["village", "city"], **asked).rows
    points = [row for row in rows if row.measure in ("points", "points_check")]
    assert {row.status for row in points} == {"ok"}
    assert max(row.estimate for row in points) <= 25


def test_effective_size__is_that_of_weights_scaled_by_hand():
    sums, squares = (pl.col("w") ** power for power in (1, 2))
    by_hand = FRAME.with_columns(w=pl.col("w") * (sums.sum() / squares.sum()).over("village"))
    one = fitted(FRAME, "score", ["village"], weight="w", scaling="effective-size")
    other = fitted(by_hand, "score", ["village"], weight="w", scaling="unscaled")
    assert numbers(one) == pytest.approx(numbers(other), rel=1e-12)


@pytest.mark.parametrize("outcome", FITS)
def test_threads_and_row_order__do_not_matter(outcome):
    asked = {"level_weights": OF_LEVELS["village", "city"], "weight": "w"}
    asked["scaling"] = "effective-size"
    uneven = FRAME.with_columns(w=pl.col("w") ** 0.37, wv=pl.col("wv") ** 0.71)
    first = fitted(uneven, outcome, ["village", "city"], **asked)
    mixed = fitted(uneven.sample(fraction=1, shuffle=True, seed=2), outcome, ["village", "city"], **asked)
    assert mixed == first
    if outcome == "ill":
        assert fitted(uneven, outcome, ["village", "city"], threads=1, **asked) == first
        assert fitted(uneven, outcome, ["village", "city"], threads=3, **asked) == first


def test_weights_that_do_not_fit__are_refused():
    first = pl.int_range(pl.len()) == 0
    for value, found in (
        (None, "1 rows have none, or one of 0 or below"),
        (-1.0, "1 rows have none, or one of 0 or below"),
        (9.0, "1 clusters have several"),
    ):
        frame = FRAME.with_columns(wv=pl.when(first).then(pl.lit(value)).otherwise("wv"))
        with pytest.raises(DataError, match=f"weights of level 'village': {found}"):
            fitted(frame, "score", ["village"], level_weights={"village": "wv"})
    for scaled, found in ((1e-3, "less than one in each cluster"), (1e12, "more than a billion")):
        frame = FRAME.with_columns(w=scaled * pl.col("w"), wv=scaled * pl.col("wv"))
        with pytest.raises(DataError, match=f"weights: they add up to {found}"):
            fitted(frame, "ill", ["village"], weight="w", scaling="unscaled")
        with pytest.raises(DataError, match=f"weights of level 'village': they add up to {found}"):
            fitted(frame, "score", ["village", "city"], level_weights={"village": "wv"})
    heavy = FRAME.with_columns(wc=pl.when(pl.col("city") == 0).then(1e3).otherwise(1.0))
    with pytest.raises(DataError, match="weights of level 'city': one cluster has more than 90 % of them"):
        fitted(heavy, "score", ["village", "city"], level_weights={"city": "wc"})
    with pytest.raises(UsageError, match="level_weights: found 'town', which is none of the levels"):
        fitted(FRAME, "score", ["village"], level_weights={"town": "wv"})
    with pytest.raises(UsageError, match="scaling: found 'unscaled' without weights"):
        fitted(FRAME, "score", ["village"], scaling="unscaled")


def study(folder, weights, **design):
    FRAME.with_columns(pl.col("ill").cast(pl.Int64)).write_parquet(folder / "people.parquet")
    asked = {"levels": ["village", "city"], "terms": ["x"], "weights": weights}
    (folder / "study.toml").write_text(
        study_text(
            source="people.parquet",
            design={"levels": {"village": "village", "city": "city"}, **design},
            variables={"score": {}, "x": {}, "ill": factor(no=[0], yes=[1]) | {"event": "yes"}},
            analyses=[
                analysis("multilevel", "logit", outcome="ill", points=25, **asked),
                analysis("multilevel", "linear", outcome="score", model="linear", **asked),
            ],
        )
    )
    return folder / "study.toml"


def test_study__takes_weights_of_people_and_of_levels(tmp_path):
    of_levels = {"village": "wv", "city": "wc"}
    path = study(tmp_path, "unscaled", weight="w", level_weights=of_levels)
    found = engine.run(path, out=tmp_path / "run", report=False).to_frame()
    for name, outcome in (("logit", "ill"), ("linear", "score")):
        alone = fitted(FRAME, outcome, ["village", "city"], level_weights=of_levels, **WEIGHTS)
        rows = found.filter(pl.col("analysis") == name)
        assert rows["estimate"].to_list() == [row.estimate for row in alone]
        assert rows["std_error"].to_list() == [row.std_error for row in alone]


def test_night__refuses_a_file_in_which_clusters_have_no_weight(tmp_path):
    columns = {"design__level_village": pl.col("village").cast(pl.String), "design__weight_of_village": "wv"}
    frame = FRAME.select(**columns)
    frame.write_parquet(tmp_path / "good.parquet")
    refuse_design("good.csv", [str(tmp_path / "good.parquet")])
    first = pl.int_range(pl.len()) < 3
    frame.with_columns(pl.when(~first).then(pl.all())).write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(RuleError) as told:
        refuse_design("bad.csv", [str(tmp_path / "bad.parquet")])
    assert {(one.place, one.rule, one.rows) for one in told.value.broken} == {
        ("design.levels.village", "id", 3),
        ("design.level_weights.village", "weight", 3),
    }


def test_check__tells_weights_that_are_not_there(tmp_path):
    with pytest.raises(StudyError, match=r"expected design\.weight, or design\.level_weights of its levels"):
        engine.load_study(study(tmp_path, "unscaled"))
    with pytest.raises(
        StudyError, match=r"design\.level_weights: found 'town'; expected a name of design\.levels"
    ):
        engine.load_study(study(tmp_path, "unscaled", level_weights={"town": "wv"}))
    with pytest.raises(StudyError, match=r"design\.level_weights\.city: found weights that no analysis uses"):
        engine.load_study(study(tmp_path, "none", level_weights={"city": "wc"}))
