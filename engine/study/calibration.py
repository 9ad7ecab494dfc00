"""Calibration of the weights to known totals of the population: post-stratification, raking, linear."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from engine.errors import Fault, nearest
from engine.study.base import Names, Spec
from engine.study.bootstrap import NEEDS_INFLUENCE
from engine.study.raw_tables import RawStudy, Table, as_list, as_names, as_table, is_factor

TotalRows = tuple[Annotated[tuple[str | float, ...], Field(min_length=1)], ...]
SAME_POPULATION = 1e-9  # relative difference of the sums of two margins that is rounding
PLACE = "design.calibration"


def _as_rows(value: object) -> object:
    """Accept a table level -> total as rows."""
    if isinstance(value, Mapping):
        return tuple(value.items())
    if isinstance(value, list | tuple):
        return tuple(tuple(row) if isinstance(row, list) else row for row in value)
    return value


def _with_totals(rows: TotalRows) -> TotalRows:
    """Refuse rows whose last entry is no total, or whose others are no levels."""
    for row in rows:
        *levels, total = row
        is_total = isinstance(total, (int, float)) and math.isfinite(total)
        if not is_total or not all(isinstance(level, str) for level in levels):
            raise ValueError("should be rows of levels and a total, such as ['female', 312000000]")
    return rows


class MarginSpec(Spec):
    """One margin: the totals of the population by the levels of some factors, or the total of a number."""

    by: Annotated[
        Names, Field(description="Factors, and `wave`, whose combined levels have totals; none: one total")
    ] = ()
    number: Annotated[
        str | None, Field(description="Variable whose sum the totals are; without it they are people")
    ] = None
    totals: Annotated[
        TotalRows,
        BeforeValidator(_as_rows, json_schema_input_type=TotalRows | dict[str, float]),
        AfterValidator(_with_totals),
        Field(description="Level -> total, or rows: a level of each factor, then the total; or give file"),
    ] = ()
    file: Annotated[
        str | None,
        Field(description="CSV file beside the study in place of totals: a column of each factor, and total"),
    ] = None

    @property
    def name(self) -> str:
        """What it is called in messages and in the methods."""
        parts = " x ".join(self.by)
        if self.number is None:
            return parts
        return f"{self.number} by {parts}" if parts else self.number


class CalibrationSpec(Spec):
    """Weights that meet known totals of the population.

    Every estimate uses the adjusted weights. Linearised errors use the residuals of the calibration
    regression, and the weights of every replicate are adjusted to the same totals.
    """

    method: Annotated[
        Literal["post-stratification", "raking", "linear"],
        Field(description="raking: factors above 0; linear: generalised regression; one margin: any"),
    ]
    margins: Annotated[tuple[MarginSpec, ...], Field(min_length=1)]
    where: Annotated[
        str | None,
        Field(description="Records that the totals cover, such as 'age >= 18'; the others keep their weight"),
    ] = None
    source: Annotated[str | None, Field(description="Where the totals come from, for the methods")] = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of all margins, and `wave`, each once."""
        names = (name for one in self.margins for name in (*one.by, one.number) if name is not None)
        return tuple(dict.fromkeys(names))


def check_calibration(study: RawStudy) -> Iterator[Fault]:
    """Margins are those of variables of the study, with one total for each level, of one population."""
    table = as_table(study.design.get("calibration"))
    if not table:
        return
    if not study.design.get("weight"):
        yield Fault(PLACE, "no design.weight", "the weight to calibrate", "Name its column.")
    margins = [as_table(one) for one in as_list(table.get("margins") or [])]
    for number, margin in enumerate(margins, start=1):
        yield from _margin(f"{PLACE}.margins[{number}]", margin, study)
    if table.get("method") == "post-stratification":
        if len(margins) > 1:
            found = f"post-stratification with {len(margins)} margins"
            remedy = "Give one margin by all factors, or use 'raking'."
            yield Fault(f"{PLACE}.method", found, "one margin", remedy)
        elif margins and margins[0].get("number") is not None:
            found = "post-stratification to the total of a number"
            yield Fault(f"{PLACE}.method", found, "numbers of people", "Use 'linear' or 'raking'.")
    yield from _same_population(margins)


def _margin(place: str, margin: Table, study: RawStudy) -> Iterator[Fault]:
    by, number = as_names(margin.get("by", ())), margin.get("number")
    if not by and number is None:
        yield Fault(place, "neither by nor number", "one of them", "Name the factors of the margin.")
    for name in by:
        if name == "wave":
            if not study.has_waves:
                yield Fault(f"{place}.by", "'wave'", "a study with waves", "Give source.wave.")
        else:
            yield from _variable(f"{place}.by", name, study, factor=True)
    if isinstance(number, str):
        yield from _variable(f"{place}.number", number, study, factor=False)
    rows = _rows(margin)
    if not rows and margin.get("file") is None:
        yield Fault(f"{place}.totals", "none", "totals, or file", "Write the totals of the population.")
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        levels = tuple(str(level) for level in row[:-1])
        if len(levels) != len(by):
            found = f"a row of {len(row)} entries"
            yield Fault(f"{place}.totals", found, f"{len(by)} levels and a total", "Correct the row.")
            return
        if levels in seen:
            yield Fault(f"{place}.totals", f"{', '.join(levels)} twice", "each once", "Delete one.")
        seen.add(levels)
        if isinstance(row[-1], (int, float)) and not row[-1] > 0.0:
            found = f"{row[-1]:g} for {', '.join(levels) or number}"
            yield Fault(f"{place}.totals", found, "totals above 0", "Correct it, or combine levels.")
        for name, level in zip(by, levels, strict=True):
            yield from _level(f"{place}.totals", name, level, study)


def _variable(place: str, name: str, study: RawStudy, *, factor: bool) -> Iterator[Fault]:
    expected = "a factor" if factor else "a number"
    if name not in study.variables:
        yield Fault(place, f"the unknown variable '{name}'", expected, nearest(name, [*study.variables]))
        return
    variable = study.variables[name]
    if variable.get("quantiles") or variable.get("impute"):
        found = f"'{name}', whose values are made with the weights"
        yield Fault(place, found, f"{expected} that is in the records", "Use another variable.")
    elif is_factor(variable) != factor:
        found = f"the {'number' if factor else 'factor'} '{name}'"
        remedy = f"Give variables.{name} levels or cut." if factor else "Name it under by."
        yield Fault(place, found, expected, remedy)


def _level(place: str, name: str, level: str, study: RawStudy) -> Iterator[Fault]:
    levels = as_table(study.variables.get(name, {}).get("levels"))
    if levels and level not in levels and not any(isinstance(codes, Mapping) for codes in levels.values()):
        yield Fault(place, f"'{level}', which is no level of {name}", "one", nearest(level, [*levels]))


def _rows(margin: Table) -> list[list[Any]]:
    rows = _as_rows(margin.get("totals", []))
    return [list(row) for row in rows if isinstance(row, tuple) and row] if isinstance(rows, tuple) else []


def _same_population(margins: list[Table]) -> Iterator[Fault]:
    """All margins of people add up to the same population."""
    first: tuple[str, float] | None = None
    for number, margin in enumerate(margins, start=1):
        totals = [row[-1] for row in _rows(margin)]
        if margin.get("number") is not None or not all(isinstance(one, (int, float)) for one in totals):
            continue
        place, size = f"{PLACE}.margins[{number}].totals", math.fsum(totals)
        if first is None:
            first = place, size
        elif totals and abs(size - first[1]) > SAME_POPULATION * abs(first[1]):
            found = f"totals that add up to {size:,.10g} people, and {first[1]:,.10g} in {first[0]}"
            yield Fault(place, found, "the same population in every margin", "Correct the totals.")


def check_analysis_with_calibration(path: str, analysis: Table, study: RawStudy) -> Iterator[Fault]:
    """Refuse errors and replicates that would leave out how the weights were calibrated or balanced."""
    table = next((f"design.{one}" for one in ("calibration", "balance") if study.design.get(one)), None)
    if table is None:
        return
    bootstrap = as_table(analysis.get("bootstrap"))
    for name in as_names(bootstrap.get("interval", ())):
        if name in NEEDS_INFLUENCE:
            found = f"'{name}' with {table}, for which it is not defined"
            yield Fault(
                f"{path}.bootstrap.interval", found, "'normal', 'percentile' or 'basic'", "Choose one."
            )
    method = bootstrap.get("method", "auto")
    has_units = bool(study.design.get("cluster") or study.design.get("stratum"))
    if method == "iid" or (method == "poisson" and not has_units):
        found = f"'{method}' with {table}: it draws no records outside of the analysis"
        yield Fault(f"{path}.bootstrap.method", found, "'auto', 'rao-wu' or 'jackknife'", "Choose one.")
    kind = analysis.get("kind")
    if kind == "multilevel" and analysis.get("weights", "none") != "none":
        found = f"weights in a study with {table}, which errors of this model leave out"
        yield Fault(f"{path}.weights", found, "'none', or the kind 'logit'", "Leave it out.")
    covariance = analysis.get("covariance", "auto")
    if (
        kind in ("logit", "regression")
        and covariance not in ("auto", "design")
        and analysis.get("weighted") is not False
    ):
        found = f"'{covariance}' with {table}, which these errors leave out"
        yield Fault(f"{path}.covariance", found, "'design'", "Leave it out, or set weighted = false.")
    if analysis.get("peer"):
        found = f"'{analysis['peer']}' with {table}, which its errors leave out"
        yield Fault(f"{path}.peer", found, "no peer", "Leave it out.")
