"""Replicates made in parts are the replicates of one run, bit for bit, for every analysis that has any."""

import numpy as np
import pytest

from engine.api.arguments import RankedArguments
from engine.api.frame_arrays import covariate, ranked_sample
from engine.arrays import VariableArrays
from engine.data.frame_reader import as_polars
from engine.estimators.decomposition.estimate import estimate_decomposition
from engine.estimators.index.concentration import estimate_concentration
from engine.estimators.replicates.pending_rows import join_shares
from engine.estimators.replicates.settings import ReplicateSettings, Share
from engine.study import BootstrapSpec, ConcentrationSpec, DecompositionSpec


def sample(survey):
    data = as_polars(survey.drop_nulls())
    given = RankedArguments(
        outcome="ill", rank_by="income", weight="weight", stratum="stratum", cluster="psu"
    )
    return data, ranked_sample(data, given, (0.0, 1.0))


@pytest.mark.parametrize("of", [2, 5, 16])
@pytest.mark.parametrize(
    ("method", "interval"),
    [
        ("rao-wu", ("percentile", "bca")),
        ("iid", "studentized"),
        ("poisson", "basic"),
        ("jackknife", "normal"),
    ],
)
def test_index__shares_join_to_the_same_rows(survey, method, interval, of):
    _, arrays = sample(survey)
    spec = ConcentrationSpec(
        name="a",
        kind="concentration",
        outcome="ill",
        rank_by="income",
        index=("standard", "erreygers"),
        bootstrap=BootstrapSpec(replicates=333, method=method, interval=interval),
    )
    parts = [
        estimate_concentration(
            arrays, spec, {"ill": (0.0, 1.0)}, ReplicateSettings(seed=3, share=Share(number=k, of=of))
        )
        for k in range(1, of + 1)
    ]
    assert (
        join_shares(parts).rows
        == estimate_concentration(arrays, spec, {"ill": (0.0, 1.0)}, ReplicateSettings(seed=3)).rows
    )


@pytest.mark.parametrize("of", [3, 16])
def test_decomposition__shares_join_to_the_same_rows(survey, of):
    data, arrays = sample(survey)
    spec = DecompositionSpec(
        name="a",
        kind="decomposition",
        outcome="ill",
        rank_by="income",
        terms="sex",
        need="sex",
        model="logit",
        bootstrap=BootstrapSpec(replicates=150),
    )
    sex: VariableArrays = covariate(data, "sex", None)
    parts = [
        estimate_decomposition(
            arrays, [sex], spec, (0.0, 1.0), ReplicateSettings(seed=3, share=Share(number=k, of=of))
        )
        for k in range(1, of + 1)
    ]
    assert (
        join_shares(parts).rows
        == estimate_decomposition(arrays, [sex], spec, (0.0, 1.0), ReplicateSettings(seed=3)).rows
    )


def test_parts_of_different_samples__do_not_join(survey):
    spec = ConcentrationSpec(
        name="a",
        kind="concentration",
        outcome="ill",
        rank_by="income",
        bootstrap=BootstrapSpec(replicates=100),
    )
    parts = [
        estimate_concentration(
            sample(frame)[1], spec, {"ill": None}, ReplicateSettings(seed=3, share=Share(number=k, of=2))
        )
        for k, frame in enumerate((survey, survey.head(500)), start=1)
    ]
    with pytest.raises(ValueError, match="standard"):
        join_shares(parts)


def test_share__has_every_block_once():
    for replicates in (1, 31, 32, 33, 2000):
        for of in (1, 2, 5, 16, 100):
            blocks = [list(Share(number=k, of=of).blocks(replicates)) for k in range(1, of + 1)]
            assert np.array_equal(np.concatenate(blocks), np.arange(-(-replicates // 32)))
