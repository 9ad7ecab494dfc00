"""Rates of a run -> a file that WHO's HEAT Plus takes, in the columns of its template.

HEAT Plus computes its measures from the estimates of subgroups: these are the `rates` of a run. The rules of
the template (whole years, orders from 1, one reference, no negative number) are held here, so that the upload
is not refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import Fault, UsageError, nearest
from engine.study import StudySpec
from engine.study.load import study_from_dict

if TYPE_CHECKING:
    from engine.store.run_directory import StoredRun

COLUMNS = (
    "setting",
    "date",
    "source",
    "indicator_abbr",
    "indicator_name",
    "dimension",
    "subgroup",
    "estimate",
    "se",
    "ci_lb",
    "ci_ub",
    "population",
    "flag",
    "setting_average",
    "iso3",
    "favourable_indicator",
    "indicator_scale",
    "ordered_dimension",
    "subgroup_order",
    "reference_subgroup",
)
TOTAL = "total"
PER_CENT = 100
NONE = "none"  # of the outcomes is favourable
_YEAR, _NUMBER = re.compile(r"\d{4}"), re.compile(r"\d+(\.\d+)?")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSetting:
    """What the file says beyond the run.

    Attributes
    ----------
    setting, iso3
        The country or area, and its code of three letters; no code is allowed.
    source
        Where the data come from; None: the title of the study.
    date
        The year of results whose wave is no year, or wave = year for each, such as ``"1=2014,2=2016"``.
    favourable
        Outcomes of which more is better, such as a vaccination; None: as `disparity` analyses say.
    """

    setting: str
    iso3: str | None = None
    source: str | None = None
    date: str | None = None
    favourable: tuple[str, ...] | None = None


def heat_file(run: StoredRun, about: HeatSetting) -> bytes:
    """Return the file as CSV.

    Raises
    ------
    UsageError
        If the run has no rates by a factor, or HEAT Plus would refuse the file.
    """
    for place, text in (("--setting", about.setting), ("--source", about.source)):
        _refuse_number(place, text or "a")
    if about.iso3 is not None and not re.fullmatch(r"[A-Z]{3}", about.iso3):
        raise UsageError(
            Fault("--iso3", f"found '{about.iso3}'", "three capital letters, as CHN", "Correct it.")
        )
    lines = [*_lines(run, about)]
    if not lines:
        found = "found no rates by the levels of a factor"
        raise UsageError(
            Fault(
                run.path.name, found, "a `rates` analysis with rows, alone or by wave", "Add it to the study."
            )
        )
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue().encode()


def _lines(run: StoredRun, about: HeatSetting) -> Iterator[dict[str, object]]:
    spec = study_from_dict(run.manifest["study"]["asked"])
    _check_favourable(about, spec)
    rates = [row for row in run.results.to_dicts() if row["kind"] == "rates" and row["subgroup"] is None]
    by_wave = {row["analysis"] for row in rates if row["wave"] is not None}
    rates = [row for row in rates if row["wave"] is not None or row["analysis"] not in by_wave]
    averages = {(row["analysis"], row["outcome"], row["wave"]): row for row in rates if row["term"] == TOTAL}
    # A subgroup stands in the file once: HEAT Plus refuses a second analysis of the same outcome and factor.
    first: dict[tuple[str, str, str], str] = {}
    seen: set[tuple[str, str, str, str]] = set()
    average_of: dict[tuple[str, str], float | None] = {}
    for row in rates:
        if row["term"] == TOTAL or row["level"] is None:
            continue
        date = _date(row, about)
        if first.setdefault((row["outcome"], row["term"], date), row["analysis"]) != row["analysis"]:
            continue
        subgroup = (row["outcome"], row["term"], row["level"], date)
        if subgroup in seen:
            found = f"found two waves with the date {date}"
            raise UsageError(Fault("--date", found, "a year for each wave", "Give wave=year for each."))
        seen.add(subgroup)
        average = averages[row["analysis"], row["outcome"], row["wave"]]["estimate"]
        yield _line(row, average_of.setdefault((row["outcome"], date), average), date, spec, about)


def _line(
    row: Row, average: float | None, date: str, spec: StudySpec, about: HeatSetting
) -> dict[str, object]:
    outcome, factor, level = row["outcome"], row["term"], str(row["level"])
    scale = PER_CENT if spec.variables[outcome].event else 1
    is_ordered, place, reference = _order(factor, level, spec)
    line: dict[str, object] = {
        "setting": about.setting,
        "date": date,
        "source": about.source or spec.study.title or spec.study.name,
        "indicator_abbr": outcome,
        "indicator_name": _label(outcome, spec),
        "dimension": _label(factor, spec),
        "subgroup": level,
        "estimate": _scaled(row["estimate"], scale),
        "se": _scaled(row["std_error"], scale),
        "ci_lb": _scaled(row["conf_low"], scale),
        "ci_ub": _scaled(row["conf_high"], scale),
        "population": _scaled(row["sum_weights"], 1),
        "flag": "" if row["status"] == "ok" else row["status"],
        "setting_average": _scaled(average, scale),
        "iso3": about.iso3 or "",
        "favourable_indicator": int(_is_favourable(outcome, spec, about)),
        "indicator_scale": scale,
        "ordered_dimension": int(is_ordered),
        "subgroup_order": place,
        "reference_subgroup": int(reference),
    }
    for column in ("source", "indicator_abbr", "indicator_name", "dimension", "subgroup"):
        _refuse_number(f"{outcome} by {factor}, {column}", str(line[column]))
    if row["estimate"] is not None and row["estimate"] < 0.0:
        found = "found a negative estimate, which HEAT Plus refuses"
        raise UsageError(
            Fault(f"{outcome} by {factor}", found, "rates or means of 0 or more", "Leave it out.")
        )
    return line


def _label(name: str, spec: StudySpec) -> str:
    return spec.variables[name].label or name


def _scaled(value: float | None, scale: int) -> str:
    """Write a number so that the program reads it; a limit below 0 is 0, since it refuses negative ones."""
    return "" if value is None else f"{max(value * scale, 0.0):.10g}"


def _date(row: Row, about: HeatSetting) -> str:
    date, given = row["wave"], about.date or ""
    if "=" in given:
        pairs = (pair.partition("=") for pair in given.split(","))
        date = {wave.strip(): year.strip() for wave, _, year in pairs}.get(str(date), date)
    elif given and (date is None or not _YEAR.fullmatch(date)):
        date = given
    if date is None or not _YEAR.fullmatch(date):
        found = "found no year" if date is None else f"found '{date}', which is no year"
        place = f"analysis '{row['analysis']}', date"
        raise UsageError(Fault(place, found, "a year of four digits", "Give --date, such as 1=2014,2=2016."))
    return str(date)


def _order(factor: str, level: str, spec: StudySpec) -> tuple[bool, int, bool]:
    """Return whether the levels of a factor have an order, the place of one, and if it is the reference.

    A `disparity` analysis of the factor says; without one, levels cut from a number have an order.
    """
    variable = spec.variables[factor]
    said = [one for one in _disparities(spec) if one.group == factor]
    is_ordered = said[0].ordered if said else bool(variable.quantiles or variable.cut)
    if is_ordered:
        natural = sorted(zip(variable.scores, variable.level_names, strict=True))
        return True, [name for _, name in natural].index(level) + 1, False
    return False, 0, bool(said) and said[0].reference == level


def _check_favourable(about: HeatSetting, spec: StudySpec) -> None:
    """Refuse a name that is no variable: an outcome with a slip in its name would count as unfavourable."""
    for name in about.favourable or ():
        if name not in (*spec.variables, NONE):
            expected = f"outcomes of the study, or {NONE}"
            raise UsageError(
                Fault("--favourable", f"found '{name}'", expected, nearest(name, [*spec.variables]))
            )


def _is_favourable(outcome: str, spec: StudySpec, about: HeatSetting) -> bool:
    if about.favourable is not None:
        return outcome in about.favourable
    said = [one.favourable for one in _disparities(spec) if outcome in one.outcome]
    if not said:
        found = f"found no word on whether more of '{outcome}' is better"
        expected = "the names of all outcomes of which more is better, or 'none'"
        raise UsageError(Fault("--favourable", found, expected, "Give it."))
    return bool(said[0])


def _disparities(spec: StudySpec) -> Sequence[Any]:
    return [analysis for analysis in spec.analysis if analysis.kind == "disparity"]


def _refuse_number(place: str, text: str) -> None:
    if _NUMBER.fullmatch(text):
        found = f"found '{text}', which HEAT Plus takes for a number"
        raise UsageError(Fault(place, found, "words", "Rename the level or give the variable a label."))
