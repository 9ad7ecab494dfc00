"""Small samples against rational arithmetic: what `equirank validate` does, in the time that a mutant has."""

import pytest

from engine.validate.against_exact import compare_with_exact
from engine.validate.samples import hard_samples

SAMPLES = [one for one in hard_samples(1) if len(one.rank) == 12]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_digits__are_right_without_the_compiler(sample):
    broken = {line.statistic: line.lowest for line in compare_with_exact(iter([sample])) if not line.is_kept}
    assert not broken
