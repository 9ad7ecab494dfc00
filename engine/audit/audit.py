"""The audit: every check on every cell of a publication."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from engine.audit import counts, denominators, inequality, labels, models, ratios
from engine.audit.findings import CERTAIN, Finding
from engine.audit.published import Tables, read_publication

CHECKS: tuple[Callable[[Tables], Iterator[Finding]], ...] = (
    counts.check_totals,
    counts.check_percentages,
    counts.check_overall,
    counts.check_parts,
    denominators.check_impossible_rates,
    denominators.check_footing,
    denominators.check_exclusions,
    denominators.check_swaps,
    ratios.check_intervals,
    ratios.check_crude,
    ratios.check_products,
    models.check_variances,
    models.check_criteria,
    models.check_ratio_errors,
    models.check_signs,
    inequality.check_indices,
    inequality.check_inequity,
    inequality.check_shares,
    inequality.check_level_sums,
    inequality.check_grouped,
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
        Certain ones first.

    Examples
    --------
    >>> [finding.evidence for finding in audit("wang2021") if finding.check == "total"][0][:49]
    'the variables of this column sum to 169,000; the '
    """
    return audit_tables(read_publication(name))


def audit_tables(tables: Tables) -> tuple[Finding, ...]:
    """Run every check."""
    found = [finding for check in CHECKS for finding in check(tables)]
    return tuple(sorted(found, key=lambda finding: finding.certainty != CERTAIN))
