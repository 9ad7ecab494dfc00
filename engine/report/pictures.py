"""Pictures of a run as SVG files. Altair draws them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.report.charts import curve_charts, effect_charts, flow_chart
from engine.store.run_directory import StoredRun

SIMULATED = "SIMULATED: nobody in these records is real"


def write_pictures(run: StoredRun, folder: Path) -> tuple[Path, ...]:
    """Write flow.svg, and one picture for each concentration curve and each level of clusters with effects.

    Raises
    ------
    UsageError
        If altair and vl-convert are not installed, or the folder cannot be written.
    """
    alt = altair()
    rows = run.results.to_dicts()
    charts = {"flow": flow_chart(alt, run.manifest["sample_flow"])}
    charts |= {**dict(effect_charts(alt, rows)), **dict(curve_charts(alt, rows))}
    written = []
    with writing_pictures(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, chart in charts.items():
            path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.svg"
            _with_subtitle(alt, chart, simulated=run.manifest["simulated"]).save(path)
            written.append(path)
    return tuple(written)


def _with_subtitle(alt: Any, chart: Any, *, simulated: bool) -> Any:  # noqa: ANN401 - altair has no annotations
    title = alt.Title(chart.title, subtitle=SIMULATED) if simulated else chart.title
    return chart.properties(title=title)


def altair() -> Any:  # noqa: ANN401 - the module
    """Return altair, once what it saves pictures with is there too.

    Raises
    ------
    UsageError
        If altair or vl-convert is not installed.
    """
    try:
        import altair as alt
        import vl_convert  # noqa: F401 - altair saves pictures through it
    except ImportError:
        raise UsageError(
            "--plots: altair is not installed; expected it beside vl-convert. "
            "pip install altair 'vl-convert-python<2'"
        ) from None
    return alt


@contextmanager
def writing_pictures(place: Path) -> Iterator[None]:
    """Turn a failure to write pictures into a UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"--plots {place}: cannot be written ({type(error).__name__}); "
            "expected a folder you may write to. Choose another one."
        ) from None
