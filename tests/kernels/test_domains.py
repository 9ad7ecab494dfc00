"""Sums over domains against numpy: rows of no domain, empty domains, merged rows, strata, units."""

import numpy as np
import pytest

from engine.kernels.survey import domains as kernels

M, H, U = 4, 3, 6  # domains (the last is empty), strata, units


@pytest.fixture(scope="module", params=[0.0, 2.0**30])
def rows(request):
    chance = np.random.default_rng(12)
    n = 60
    unit = chance.integers(0, U, n).astype(np.int32)
    return {
        "domain": chance.integers(-1, M - 1, n).astype(np.int32),
        "count": chance.integers(1, 4, n),
        "weight": chance.uniform(0.5, 2.0, n),
        "squares": chance.uniform(0.2, 4.0, n),
        "value": chance.integers(0, 90, n) / 8 + request.param,
        "unit": unit,
        "stratum": (unit // 2).astype(np.int64),
        "replicates": np.where(chance.random((3, n)) < 0.2, 0.0, chance.uniform(0.5, 2.0, (3, n))),
    }


def inside(rows, d):
    return rows["domain"] == d


def deviations(rows, d):
    """Return v - mean of the rows of a domain, by exact differences from its first value."""
    here = inside(rows, d)
    value, weight = rows["value"][here], rows["weight"][here]
    near = value - value[0]
    return near - (weight * near).sum() / weight.sum()


def sums(rows):
    return kernels.domain_sums(rows["domain"], M, rows["count"], rows["weight"], rows["value"])


def test_sums__are_those_of_the_rows_of_each_domain(rows):
    found = sums(rows)
    for d in range(M - 1):
        here, weight = inside(rows, d), rows["weight"][inside(rows, d)]
        expected = [rows["count"][here].sum(), weight.sum(), (weight * rows["value"][here]).sum()]
        assert found[d, :3] == pytest.approx(expected, rel=1e-14)
        assert found[d, 3] == pytest.approx((weight * deviations(rows, d) ** 2).sum(), rel=1e-13)
    assert not found[M - 1].any()


@pytest.mark.parametrize("small", [1 / 3, 1e-3 / 3, 1e7 / 3])
def test_sums_of_terms_that_cancel__keep_all_digits_of_what_is_left(small):
    value, weight = np.array([2.0**60, -(2.0**60), small, -small]), np.ones(4)
    domain, count, part = np.zeros(4, np.int32), np.ones(4, np.int64), np.array([0, 0, 0, 1])
    found = kernels.domain_sums(domain, 1, count, weight, value)
    assert found[0, :3].tolist() == [4.0, 4.0, 0.0]
    without_last = np.array([0, 0, 0, -1], np.int32)
    assert kernels.domain_sums(without_last, 1, count, weight, value)[0, 2] == small
    expected = [small / 4.0, -small / 4.0]
    units = kernels.domain_mean_totals(domain, found, weight, value, part.astype(np.int32), 2)
    assert units.tolist() == [expected]
    strata = kernels.domain_row_moments(domain, found, count, weight, weight, value, part, 2)
    assert strata[0, :, 1].tolist() == expected


def test_rest__is_what_the_rounded_mean_leaves_out(rows):
    found = sums(rows)
    for d in range(M - 1):
        here = inside(rows, d)
        rounded = rows["value"][here] - found[d, 2] / found[d, 1]
        assert rounded - found[d, 4] == pytest.approx(deviations(rows, d), abs=1e-13)
    assert found[:, 4].any() == (rows["value"].min() > kernels.FAR)


@pytest.mark.parametrize(("distance", "is_far"), [(19.9, False), (20.1, True), (-20.1, True)])
def test_rest__is_looked_for_beyond_twenty_standard_deviations(distance, is_far):
    spread = np.array([-1.0, 1.0, -1.0, 1.0]) / 3.0  # its mean is 0 and its standard deviation 1/3
    weight = np.array([0.1, 0.2, 0.3, 0.4])
    value = distance / 3.0 + spread - (weight * spread).sum()
    sd = np.sqrt((weight * (value - distance / 3.0) ** 2).sum())
    value = distance * sd + value - distance / 3.0
    found = kernels.domain_sums(np.zeros(4, np.int32), 1, np.ones(4, np.int64), weight, value)
    assert is_far or found[0, 4] == 0.0
    assert found[0, 2] == pytest.approx(distance * sd, rel=1e-12)


def test_totals_of_units__are_sums_of_linearised_values(rows):
    found = kernels.domain_mean_totals(
        rows["domain"], sums(rows), rows["weight"], rows["value"], rows["unit"], U
    )
    for d in range(M - 1):
        here = inside(rows, d)
        weight = rows["weight"][here]
        z = weight * deviations(rows, d) / weight.sum()
        expected = np.bincount(rows["unit"][here], weights=z, minlength=U)
        assert found[d] == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert not found[M - 1].any()


def test_moments_of_rows__are_those_of_each_stratum(rows):
    found = kernels.domain_row_moments(
        rows["domain"],
        sums(rows),
        rows["count"],
        rows["weight"],
        rows["squares"],
        rows["value"],
        rows["stratum"],
        H,
    )
    for d in range(M - 1):
        here = inside(rows, d)
        weight, stratum = rows["weight"][here], rows["stratum"][here]
        z = deviations(rows, d) / weight.sum()
        expected = [rows["count"][here], weight * z, rows["squares"][here] * z**2]
        for column, terms in enumerate(expected):
            by_stratum = np.bincount(stratum, weights=terms, minlength=H)
            assert found[d, :, column] == pytest.approx(by_stratum, rel=1e-12, abs=1e-15)
    assert not found[M - 1].any()


def test_replicates__are_their_means_less_that_of_the_sample(rows):
    domain, weights = rows["domain"], rows["replicates"].copy()
    weights[1, domain == 0] = 0.0  # no weight in the first domain
    found = sums(rows)
    means = np.append(found[: M - 1, 2] / found[: M - 1, 1], np.nan)
    rests = np.ascontiguousarray(found[:, 4])
    deviation = kernels.replicate_deviations(domain, means, rests, weights, rows["value"])
    for d in range(M - 1):
        for r, weight in enumerate(weights[:, inside(rows, d)]):
            if (d, r) == (0, 1):
                assert np.isnan(deviation[d, r])
            else:
                expected = (weight * deviations(rows, d)).sum() / weight.sum()
                assert deviation[d, r] == pytest.approx(expected, rel=1e-11)
    assert np.isnan(deviation[M - 1]).all()


def test_merged_rows__keep_people_weights_and_one_row(rows):
    cell = np.abs(rows["domain"]).astype(np.int32)  # 0, 1, 2
    row, people, merged = kernels.merged_rows(cell, 3, rows["count"], rows["weight"], rows["squares"])
    for c in range(3):
        here = cell == c
        assert cell[row[c]] == c
        assert people[c] == rows["count"][here].sum()
        assert merged[c] == pytest.approx(
            [rows["weight"][here].sum(), rows["squares"][here].sum()], rel=1e-14
        )


def test_units_and_strata__are_counted_once(rows):
    stratum_of_unit = np.arange(U) // 2
    units, strata = kernels.domain_units(rows["domain"], M, rows["unit"], stratum_of_unit)
    for d in range(M):
        seen = np.unique(rows["unit"][inside(rows, d)])
        assert units[d] == len(seen)
        assert strata[d] == len(np.unique(stratum_of_unit[seen]))
    few = np.array([0, 1, 0], np.int32), np.array([1, 2, 5], np.int32)
    found = kernels.domain_units(few[0], 2, few[1], stratum_of_unit)
    assert [of.tolist() for of in found] == [[2, 1], [2, 1]]


@pytest.mark.parametrize("name", ["domain_sums", "domain_mean_totals"])
def test_order_of_rows__moves_no_bit(rows, name):
    order = np.random.default_rng(1).permutation(len(rows["domain"]))
    found = []
    for of in (rows, {key: np.ascontiguousarray(value[..., order]) for key, value in rows.items()}):
        total = sums(of)
        if name == "domain_mean_totals":
            total = kernels.domain_mean_totals(of["domain"], total, of["weight"], of["value"], of["unit"], U)
        found.append(total)
    assert np.array_equal(*found)
