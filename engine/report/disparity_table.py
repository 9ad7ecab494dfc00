"""Tidy rows of measures of disparity -> a table of each outcome, and one of differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from engine.report.doubts import doubts
from engine.report.groups import Row, group_label
from engine.report.model import Table, digits_of, interval, number, p_value, people
from engine.report.words.sentences import Language
from engine.report.words.tables import phrase

NAMES = {
    "bgv": "between-group variance",
    "bgsd": "between-group standard deviation",
    "cov": "coefficient of variation, %",
    "mdbu": "mean difference from best",
    "mdbw": "mean difference from best, weighted",
    "mdmu": "mean difference from mean",
    "mdmw": "mean difference from mean, weighted",
    "mdru": "mean difference from reference",
    "mdrw": "mean difference from reference, weighted",
    "idisu": "index of disparity, %",
    "idisw": "index of disparity, weighted, %",
    "par": "population attributable risk",
    "paf": "population attributable fraction, %",
    "aci": "absolute concentration index",
    "rci": "relative concentration index",
    "sii": "slope index of inequality",
    "rii": "relative index of inequality",
    "theil": "Theil index",
    "mld": "mean log deviation",
    "gini": "Gini index",
    "ge": "generalized entropy",
    "atkinson": "Atkinson index",
}
COMPARISONS = ("difference", "wald_f")


def disparity_tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Return the measures of each outcome, then their differences between groups."""
    yield from measure_tables(rows, NAMES, "disparity in")


def measure_tables(rows: Sequence[Row], names: Mapping[str, str], what: str) -> Iterator[Table]:
    """Return the named measures of each outcome, then their differences; `what` begins the titles."""
    for (outcome, compared), found in groupby(rows, key=lambda row: (row["outcome"], row["rank_by"])):
        of_outcome = list(found)
        along = f" by {compared}" if compared else ""
        shown = [row for row in of_outcome if not is_comparison(row)]
        yield Table(
            title=f"{what.capitalize()} {outcome}{along}",
            columns=("", "measure", "estimate", "std. error", _interval_heading(shown), "p", "n"),
            rows=tuple(
                _line(group_label(row), named(names, row["measure"], row["level"]), row) for row in shown
            ),
            notes=(*dict.fromkeys(f"Intervals: {row['method']}." for row in shown), *doubts(shown)),
        )
        differences = [row for row in of_outcome if is_comparison(row)]
        if differences:
            yield Table(
                title=f"Differences in the {what} {outcome}{along}",
                columns=("", "measure", "difference", "std. error", "interval", "p", "n"),
                rows=tuple(
                    _line(str(row["level"]), named(names, *_split(row["term"])), row) for row in differences
                ),
            )


def measure_name(measure: str, language: Language = "en") -> str:
    """Return what a measure is called.

    Examples
    --------
    >>> measure_name("sii"), measure_name("difference", "zh")
    ('slope index of inequality', '差')
    """
    name = NAMES.get(measure, measure)
    return phrase(name) if language == "zh" else name


def is_comparison(row: Row) -> bool:
    """Say whether a row compares groups of the analysis; the measure `difference` has no term."""
    return row["measure"] in COMPARISONS and row["term"] is not None


def _split(term: str) -> tuple[str, str | None]:
    """Return the measure and the level of what a row compares."""
    measure, _, level = term.partition(" ")
    return measure, level or None


def named(names: Mapping[str, str], measure: str, level: str | None) -> str:
    """Return the name of a measure, with its threshold or percentile where it has one.

    Examples
    --------
    >>> named({"lorenz": "poorest {level} %"}, "lorenz", "20"), named({}, "theil", "within region")
    ('poorest 20 %', 'theil, within region')
    """
    name = names.get(measure, measure)
    if level is None:
        return name
    return name.format(level=level) if "{level}" in name else f"{name}, {level}"


def _interval_heading(rows: Sequence[Row]) -> str:
    return f"{100 * (rows[0]['conf_level'] or 0.95):g} % interval"


def _line(label: str, measure: str, row: Row) -> tuple[str, ...]:
    digits = digits_of([row["estimate"]])
    estimate = number(row["estimate"], digits) if row["estimate"] is not None else row["status"]
    return (
        label,
        measure,
        f"F = {estimate}" if row["measure"] == "wald_f" else estimate,
        number(row["std_error"], digits),
        interval(row["conf_low"], row["conf_high"], digits),
        p_value(row["p_value"]),
        people(row["n_obs"]),
    )
