"""A study in Chinese: all that people look at is Chinese, but for names, files, programs and works cited."""

import os
import re
import time

import numpy as np
import polars as pl
import pytest

from tests.study_texts import analysis, event, factor, study_text

DRAWN = {"replicates": 40, "interval": "normal"}
RANKED = {"outcome": "ill", "rank_by": "income"}
STUDY = study_text(
    name="nights",
    title="患病与收入",
    language="zh",
    seed=3,
    mark_below=40,
    source={"path": "wave_*.parquet", "wave": "wave", "key": ["id"]},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu", "levels": {"社区": "psu"}},
    variables={
        "ill": {**event("患病", 健康=[0], 患病=[1]), "label": "患病"},
        "income": {"range": [0, 1000], "label": "收入"},
        "pay": {"label": "医疗支出"},
        "fifth": {"from": "income", "quantiles": ["最低", "中等", "最高"], "label": "收入分组"},
        "sex": {**factor(男=[1], 女=[2]), "label": "性别"},
    },
    sample={"收入已知": "income IS NOT NULL"},
    analyses=[
        analysis("describe", name="特征", by="wave", test=True),
        analysis("rates", name="率", waves="each", outcome="ill", rows=["sex", "fifth"], test=True),
        analysis(
            "concentration",
            name="不平等",
            by="sex",
            **RANKED,
            index=["standard", "erreygers"],
            compare=True,
            bootstrap=DRAWN,
        ),
        analysis("concentration", name="两轮", waves=["1", "3"], by="wave", **RANKED),
        analysis("curve", name="曲线", by="sex", **RANKED),
        analysis("decomposition", name="分解", **RANKED, terms=["sex", "fifth"], need="sex", bootstrap=DRAWN),
        analysis("disparity", name="差异", outcome="ill", group="fifth", measure=["ratio", "bgv", "sii"]),
        analysis("disparity", name="熵", outcome="pay", measure=["theil", "mld"], decompose_by="sex"),
        analysis(
            "financing",
            name="筹资",
            outcome="pay",
            resources="income",
            measure=["kakwani", "redistributive_effect", "headcount", "poverty_headcount_impact", "lorenz"],
            threshold=0.1,
            poverty_line=15,
        ),
        analysis("rif", name="回归", **RANKED, terms=["sex", "pay"]),
        analysis("logit", name="模型", outcome="ill", terms=["sex", "fifth"]),
        analysis("regression", name="计数", outcome="ill", model="negative-binomial", terms=["sex", "fifth"]),
        analysis("regression", name="有序", outcome="fifth", model="ordered-logit", terms=["sex"]),
        analysis("regression", name="线性", outcome="pay", model="linear", terms=["sex"]),
        analysis("multilevel", name="多水平", outcome="ill", terms=["sex"], levels=["社区"]),
    ],
)
NAMES = {
    "ill",
    "income",
    "fifth",
    "sex",
    "pay",
    "wave",
    "psu",
    "weight",
    "stratum",
    "id",
    "nights",
    "parquet",
}
PROGRAMS = {"equirank", "python", "polars", "duckdb", "numba", "numpy", "scipy", "statsmodels", "pyarrow"}
PROGRAMS |= {"pyreadstat", "pydantic", "diff", "run", "show", "xlsx", "csv", "SVG", "SHA", "UTC", "results"}
PROGRAMS |= {"report", "html", "tables", "figures", "range", "missing", "variables", "rank_by", "logit"}
TERMS = {
    "Erreygers",
    "Kakwani",
    "Rao",
    "Scott",
    "Pearson",
    "F",
    "Wu",
    "Korn",
    "Graubard",
    "STROBE",
    "Equity",
    "Logistic",
    "Elm",
    "von",
}
TERMS |= {
    "OR",
    "IRR",
    "HC",
    "R",
    "RIF",
    "ICC",
    "AIC",
    "BIC",
    "Wald",
    "Dewidar",
    "doi",
    "bmj",
    "Reynolds",
    "Smolensky",
    "SD",
    "et",
}
ALLOWED = NAMES | PROGRAMS | TERMS


def wave(number, n=300):
    rng = np.random.default_rng(number)
    psu = rng.integers(0, 20, n)
    income = (rng.integers(1, 40, n) + psu + number).astype(float)
    return pl.DataFrame(
        {
            "wave": [number] * n,
            "id": np.arange(n) + 1000 * number,
            "income": np.where(np.arange(n) % 20 == 3, np.nan, income),
            "pay": (income * rng.uniform(0.01, 0.2, n)).round(2),
            "ill": (rng.random(n) < 0.5 - income / 200).astype(int),
            "sex": rng.integers(1, 3, n),
            "weight": rng.uniform(0.5, 2.0, n),
            "stratum": psu // 5,
            "psu": psu,
        }
    ).with_columns(pl.col("income").fill_nan(None))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of two nights, the second with a revised file and one in quarantine, and its pages."""
    pytest.importorskip("vl_convert")
    from engine.nights.refresh import refresh
    from engine.report.site.write import write_site

    root = tmp_path_factory.mktemp("chinese")
    (root / "inbox").mkdir()
    (root / "study.toml").write_text(STUDY, encoding="utf-8")
    revised = wave(1).with_columns(
        ill=pl.when(pl.int_range(300) < 9).then(1 - pl.col("ill")).otherwise("ill")
    )
    bad = wave(5).with_columns(income=pl.col("income") * 100)
    for files in ({"wave_1.parquet": wave(1)}, {"wave_1.parquet": revised, "wave_5.parquet": bad}):
        for name, frame in files.items():
            path = root / "inbox" / name
            frame.write_parquet(path)
            long_ago = time.time() - 3600
            os.utime(path, (long_ago, long_ago))
        refresh(root / "study.toml", root / "inbox", root / "store")
    write_site(root / "store", root / "site")
    return root


def shown(html):
    """Return what a reader of a page sees or hears, without code and without the works that are cited."""
    text = re.sub(r"<(script|style|code)\b.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r'(?:aria-label|title|alt)="([^"]*)"', r">\1<", text)
    text = re.sub(r"&\w+;", " ", re.sub(r"<[^>]+>", "\n", text))
    lines = [line for line in text.split("\n") if not re.match(r"\s*\[\d+\] ", line)]
    return "\n".join(re.sub(r"\b[0-9a-f]{16,64}\b", "", line) for line in lines)


def english(text):
    """Return the English words of a text that are not allowed, each with the line it stands in."""
    found = {}
    for line in text.split("\n"):
        for word in re.findall(r"[A-Za-z]{2,}", line):
            if word not in ALLOWED:
                found.setdefault(word, line.strip())
    return found


def test_pages_of_a_store__hold_no_english(store):
    pages = sorted((store / "site").rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        assert not english(shown(page.read_text(encoding="utf-8"))), page.name


def test_change_report__is_chinese(store):
    newest = sorted((store / "store" / "runs").iterdir())[-1]
    assert not english((newest / "changes.md").read_text(encoding="utf-8"))


def test_reports_of_older_stores__are_translated_on_the_pages(store):
    """An older version wrote the changes in English; pages of a Chinese study show them in Chinese."""
    from engine.nights.changes import change_report
    from engine.report.site.pages import _changes
    from engine.store.manifests import read_manifest

    first = sorted((store / "store" / "runs").iterdir())[0]
    manifest = read_manifest(first)
    manifest["study"]["asked"]["study"].pop("language")
    kept = (first / "changes.md").read_bytes()
    try:
        (first / "changes.md").write_text(change_report(None, manifest, None), encoding="utf-8")
        assert "first run" in (first / "changes.md").read_text(encoding="utf-8")
        assert not english(shown(_changes(first, "zh")))
    finally:
        (first / "changes.md").write_bytes(kept)


def test_terminal__is_chinese(store, cli):
    newest = sorted((store / "store" / "runs").iterdir())[-1]
    code, out, _ = cli("show", str(newest))
    assert code == 0
    text = out.replace(str(newest), "")
    assert "SIMULATED" not in text
    assert not english(text)


def test_findings_of_a_finished_run__are_chinese(store):
    import io

    from rich.console import Console

    from engine.batch.kinds import TABLES
    from engine.report.terminal import print_summary
    from engine.store.run_directory import read_run

    newest = sorted((store / "store" / "runs").iterdir())[-1]
    console = Console(file=io.StringIO(), width=100, no_color=True, highlight=False)
    print_summary(read_run(newest), console, TABLES)
    assert not english(console.file.getvalue().replace("\n", "").replace(str(newest), ""))
