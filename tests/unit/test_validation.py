"""`equirank validate`: the digits are counted right, kept here, and a wrong number is found."""

import hashlib
import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from engine.errors import AccuracyError
from engine.validate import answers, conformance, exact, nist, suite
from engine.validate.against_duckdb import database_answers
from engine.validate.against_exact import ORACLE, PROMISED_MEDIAN, compare_with_exact, exact_answers
from engine.validate.digits import right_digits
from engine.validate.samples import hard_samples, whole_samples
from tests.docs.accuracy import PAGE
from tests.docs.conformance import CASES, answers_of
from tests.docs.conformance import PAGE as CONFORMANCE


@pytest.fixture(scope="module")
def quick():
    return suite.validate(quick=True)


def test_every_statistic__has_the_promised_digits(quick):
    assert not quick.broken, [line.as_dict() for line in quick.broken]
    assert len(quick.lines) > 90


def test_half_of_the_samples__have_14_digits(quick):
    lines = [line for line in quick.lines if line.oracle == ORACLE]
    assert {line.hardness for line in lines if line.statistic == "Gini index"} >= {"", "offset of 2^30"}
    few = {(line.statistic, line.hardness): line.middle for line in lines if line.middle < PROMISED_MEDIAN}
    assert not few


def test_page__has_a_line_for_every_comparison(quick):
    told = PAGE.read_text(encoding="utf-8")
    for line in quick.lines:
        oracle = f"{line.oracle}, {line.hardness}" if line.hardness else line.oracle
        assert f"| {line.statistic} | {oracle} |" in told, "run `python -m tests.docs.accuracy`"


@pytest.mark.parametrize(
    ("value", "exact_value", "digits"),
    [(1.0 + 1e-6, 1, 6), (1e-8, 0, 8), (-3.003, -3, 3), (2.0, -2, 0), (float("inf"), 1, 0)],
)
def test_right_digits__count_the_relative_error(value, exact_value, digits):
    assert right_digits(value, Fraction(exact_value)) == pytest.approx(digits, abs=1e-6)


@pytest.mark.parametrize("name", nist.spreads())
def test_nist_data__have_the_certified_mean_and_spread(name):
    """The data were copied right: their exact mean and spread are what NIST certifies."""
    spread = nist.spreads()[name]
    values = [Fraction(str(value)) for value in spread.values]
    mean = sum(values) / len(values)
    sd = exact.exact_root(sum((one - mean) ** 2 for one in values) / (len(values) - 1))
    assert abs(mean / Fraction(spread.mean) - 1) < Fraction(1, 10**14)
    assert abs(sd / Fraction(spread.sd) - 1) < Fraction(1, 10**14)


@pytest.mark.parametrize("name", nist.lines())
def test_nist_lines__have_the_certified_coefficients(name):
    line = nist.lines()[name]
    y = [Fraction(str(value)) for value in line.columns["y"]]
    x = [[Fraction(str(v)) for v in values] for key, values in line.columns.items() if key != "y"]
    x = [[Fraction(1)] * len(y), *x] if line.has_constant else x
    system = [[sum(a * b for a, b in zip(one, other, strict=True)) for other in [*x, y]] for one in x]
    for i in range(len(system)):
        system[i] = [value / system[i][i] for value in system[i]]
        for k in range(len(system)):
            if k != i:
                factor = system[k][i]
                system[k] = [a - factor * b for a, b in zip(system[k], system[i], strict=True)]
    for row, certified in zip(system[line.has_constant :], line.coefficients, strict=True):
        assert abs(row[-1] / Fraction(certified) - 1) < Fraction(1, 10**13)


def test_exact_errors__agree_with_a_numerical_derivative():
    """The oracle itself: dropping a little weight of a person moves the index as its total says."""
    sample = next(one for one in hard_samples(1) if one.name == "ties" and len(one.rank) > 10)
    sums = exact.exact_sums(sample)
    step = 2.0**-20
    for i in (0, 3):
        weight = list(sample.weight)
        weight[i] *= 1 + step
        moved = exact.exact_sums(replace(sample, weight=tuple(weight)))
        slope = float((moved.numerator - sums.numerator) / Fraction(step))
        assert slope == pytest.approx(float(sums.by_numerator[i]), rel=1e-4)


def test_three_programs__agree_on_whole_numbers():
    for sample in whole_samples(1):
        plain = exact_answers(sample)
        for statistic, value in database_answers(sample).items():
            assert abs(value - plain[statistic]) < Fraction(1, 10**40)


def test_samples__are_the_same_every_time():
    assert list(hard_samples(1)) == list(hard_samples(1))
    assert list(hard_samples(1, seed=2)) != list(hard_samples(1))


def test_mid_ranks__are_in_order_of_rank():
    sample = next(iter(hard_samples(1)))
    order, ranks = answers.mid_ranks(sample)
    assert np.all(np.diff(ranks) >= 0)
    assert np.all(np.diff(np.array(sample.rank)[order]) >= 0)


def test_wrong_number__ends_with_70(cli, monkeypatch):
    right = answers.concentration_index
    monkeypatch.setattr(suite, "compare_with_nist", lambda: iter(()))
    monkeypatch.setattr(
        answers,
        "concentration_index",
        lambda *args, **options: replace(found := right(*args, **options), estimate=found.estimate * 1.00001),
    )
    code, out, err = cli("validate", "--quick", "--json")
    assert code == AccuracyError.exit_code == 70
    assert "standard index" in err
    assert "report what --json prints" in err
    broken = {line["statistic"] for line in json.loads(out)["digits"] if not line["kept"]}
    assert "generalized index" in broken
    assert "mean" not in broken


def test_right_numbers__end_with_0_and_a_table(cli, monkeypatch):
    monkeypatch.setattr(suite, "compare_with_exact", lambda samples: compare_with_exact(list(samples)[:2]))
    code, out, _ = cli("validate", "--quick")
    assert code == 0
    assert "NIST Longley" in out
    assert "lines have the digits that are promised" in out


def test_cases__are_those_that_are_published(cli, tmp_path):
    code, _, _ = cli("validate", "--cases", tmp_path / "cases.json")
    assert code == 0
    written = (tmp_path / "cases.json").read_bytes()
    assert written == CASES.read_bytes(), "run `python -m tests.docs.conformance`"
    assert hashlib.sha256(written).hexdigest() in CONFORMANCE.read_text(encoding="utf-8")
    content = json.loads(written)
    assert len(content["cases"]) == 500
    assert len(written) < 600_000
    assert cli("validate", "--cases", tmp_path / "cases.json")[0] == 2


def test_cases__have_the_digits_of_a_hand_made_answer():
    """One case by hand: the mean of a sample without weights."""
    content = conformance.cases()
    case = content["cases"]["001"]
    outcome = content["samples"][case["sample"]]["outcome"]
    assert case["statistic"] == "mean"
    assert Fraction(case["exact"]) == sum(map(Fraction, outcome)) / len(outcome)


def test_scores__tell_good_answers_from_bad_ones(cli, tmp_path):
    content = conformance.cases()
    given = {name: float(case["exact"]) for name, case in content["cases"].items()}
    means = [name for name, case in content["cases"].items() if case["statistic"] == "mean"]
    given |= dict.fromkeys(means[:5])
    (tmp_path / "answers.json").write_text(json.dumps(given))
    code, out, _ = cli("validate", "--answers", tmp_path / "answers.json", "--json")
    assert code == 0
    lines = {line["statistic"]: line for line in json.loads(out)}
    assert lines["standard index"]["lowest"] == 15
    assert lines["mean"]["lowest"] == 0
    assert "fewest" in cli("validate", "--answers", tmp_path / "answers.json")[1]


@pytest.mark.parametrize("text", ["[]", "{", '{"001": "x"}', '{"001": true}', '{"999": 1.0}'])
def test_answers__that_are_none_are_refused(cli, tmp_path, text):
    (tmp_path / "answers.json").write_text(text)
    code, _, err = cli("validate", "--answers", tmp_path / "answers.json")
    assert code == 11
    assert "expected" in err


@pytest.mark.parametrize("program", ["textbook, numpy", "statsmodels"])
def test_other_programs__are_scored(program):
    content = conformance.cases()
    lines = {line.statistic: line for line in conformance.score(answers_of(program, content))}
    assert lines["mean"].lowest > 14
