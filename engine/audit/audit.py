"""The audit: every check on every cell of a publication."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from engine.audit import counts, criteria, denominators, indices, intervals, labels, models, ratios, shares
from engine.audit.findings import CERTAIN, Finding
from engine.audit.published import Tables
from engine.audit.reading import read_publication

# The findings appear in this order.
CHECKS: tuple[Callable[[Tables], Iterator[Finding]], ...] = (
    counts.check_totals,
    counts.check_percentages,
    counts.check_overall,
    counts.check_parts,
    denominators.check_impossible_rates,
    denominators.check_total_rates,
    denominators.check_exclusions,
    denominators.check_swaps,
    intervals.check_intervals,
    ratios.check_crude,
    ratios.check_interactions,
    models.check_variances,
    criteria.check_criteria,
    models.check_ratio_errors,
    models.check_signs,
    indices.check_indices,
    shares.check_inequity,
    shares.check_shares,
    counts.check_level_sums,
    indices.check_grouped,
    labels.check_names,
    labels.check_bands,
    labels.check_design,
)


def audit(name: str | Path) -> tuple[Finding, ...]:
    """Check the arithmetic of published tables.

    Parameters
    ----------
    name
        A shipped publication (``wang2021``, ``li2022``), or a CSV file with one printed number a line: table,
        variable, level, column, measure, printed.

    Returns
    -------
    tuple of Finding
        Certain findings first.

    Raises
    ------
    UsageError
        If there is no such publication or file.
    DataError
        If the file is not a CSV file of printed numbers.

    Examples
    --------
    >>> [finding.evidence for finding in audit("wang2021") if finding.check == "total"][0][:49]
    'the variables of this column sum to 169,000; the '
    """
    return audit_tables(read_publication(name))


def audit_tables(tables: Tables) -> tuple[Finding, ...]:
    """Run every check; certain findings come first."""
    findings = [finding for check in CHECKS for finding in check(tables)]
    return tuple(sorted(findings, key=lambda finding: finding.certainty != CERTAIN))
