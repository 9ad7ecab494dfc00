"""Studies of several imputations: equal to runs of each completed data set that `equirank.pool` pools."""

import numpy as np
import polars as pl
import pytest

import engine
from engine.batch.cells_export import export_cells
from engine.batch.check import check_study
from engine.batch.plan import make_plan
from engine.batch.release_run import release_run
from engine.batch.request import make_request
from engine.batch.verify import verify
from engine.batch.weights_export import export_weights
from engine.errors import DataError, StudyError, UsageError
from engine.estimators.replicates.settings import Share
from engine.nights.night import night_study
from engine.report.methods_text import methods_text
from engine.shards.join import merge_shards
from engine.shards.share import run_share
from tests.study_texts import analysis, event, factor, study_text, table

M, N = 3, 360
NUMBERS = [*range(1, M + 1)]
BANDS = {"poor": [0.0, 4.0], "rich": [4.0, 99.0]}
IS_MISSING = np.arange(N) % 4 == 0


def incomes(number):
    """Return the incomes of an imputation; 0: as they were asked."""
    income = np.random.default_rng(1).gamma(3.0, 2.0, N).round(3)
    drawn = np.random.default_rng(number).gamma(2.5, 2.0, N).round(3)
    values = np.where(IS_MISSING, drawn, income)
    return pl.Series("income", np.where(IS_MISSING & (number == 0), np.nan, values)).fill_nan(None)


def people():
    """Return what is the same in every imputation."""
    draw, income = np.random.default_rng(2), np.random.default_rng(1).gamma(3.0, 2.0, N)
    return pl.DataFrame(
        {
            "id": np.arange(N),
            "wave": np.repeat([2001, 2002], N // 2),
            "stratum": np.arange(N) // 60,
            "psu": np.arange(N) // 12,
            "weight": draw.uniform(0.5, 2.0, N).round(3),
            "sex": draw.integers(0, 2, N),
            "ill": (draw.random(N) < 1.0 / (1.0 + np.exp(0.2 * (income - 6.0)))).astype(int),
        }
    )


def completed(number):
    return people().with_columns(incomes(number))


def study(source, income="income", imputations=None, interval=None, design=None, waves=None):
    bootstrap = {"replicates": 40, **({"interval": interval} if interval else {})}
    return study_text(
        seed=7,
        source={"path": source, **({"wave": "wave"} if waves is None else waves)},
        design={"weight": "weight", "stratum": "stratum", "cluster": "psu", **(design or {})},
        variables={
            "income": {} if income is None else {"from": income},
            "band": {"from": income or "income", "cut": BANDS},
            "high": {"from": "None", **event("high", low=["low"], high=["high"])},
            "sex": factor(male=[0], female=[1]),
            "ill": event("yes", no=[0], yes=[1]),
        },
        sample={"Some income": "income > 0.5"},
        analyses=[
            analysis("describe", by="wave"),
            analysis("rates", outcome="ill", rows=["band", "sex"], test=True, where="income < 14"),
            analysis(
                "concentration",
                outcome="ill",
                rank_by="income",
                by="wave",
                compare=True,
                bootstrap=bootstrap,
            ),
            analysis("decomposition", outcome="ill", rank_by="income", terms=["sex", "income"], waves="each"),
            analysis("logit", outcome="high", terms=["sex"]),
        ],
        extra="" if imputations is None else table("[imputations]", imputations),
    ).replace(
        'from = "None"',
        "expression = \"CASE WHEN income > 6 THEN 'high' ELSE 'low' END\"",
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files of completed data, the same as columns of one file, and as one long file."""
    folder = tmp_path_factory.mktemp("imputed")
    as_asked = completed(0)
    for number in NUMBERS:
        completed(number).write_csv(folder / f"done_{number}.csv")
    as_asked.write_csv(folder / "asked.csv")
    as_asked.with_columns(incomes(number).alias(f"income_{number}") for number in NUMBERS).write_parquet(
        folder / "wide.parquet"
    )
    each = [completed(number).with_columns(pl.lit(number).alias(".imp")) for number in (0, *NUMBERS)]
    pl.concat(each).sample(fraction=1.0, shuffle=True, seed=3).sort(".imp", "id").write_parquet(
        folder / "long.parquet"
    )
    return folder


COLUMNS = {name: [f"income_{number}" for number in NUMBERS] for name in ("income", "band")}
FORMS = {
    "wide": ("wide.parquet", {"columns": COLUMNS}),
    "files": (
        "asked.csv",
        {"files": [f"done_{number}.csv" for number in NUMBERS], "variables": ["income", "band"]},
    ),
    "long": ("long.parquet", {"number": ".imp", "m": M, "variables": ["income", "band"]}),
}


def written(folder, form, **changes):
    source, imputations = FORMS[form]
    path = folder / f"{form}.toml"
    path.write_text(study(source, imputations=imputations, **changes))
    return path


def run(folder, text, name, **options):
    (folder / f"{name}.toml").write_text(text)
    return engine.run(folder / f"{name}.toml", out=folder / f"run-{name}", report=False, **options)


@pytest.fixture(scope="module")
def pooled(folder, wide):
    """What `equirank.pool` makes of the runs of each completed data set; their records are there already."""
    each = [
        run(folder, study("wide.parquet", income=f"income_{number}", interval="normal"), f"one-{number}")
        for number in NUMBERS
    ]
    return engine.pool(each)


@pytest.fixture(scope="module")
def wide(folder):
    return engine.run(written(folder, "wide"), out=folder / "run-wide", report=False)


def test_run__has_the_bits_of_the_pooled_runs_of_each_data_set(wide, pooled):
    assert wide.failures == {}
    assert wide.to_frame().equals(pooled)


@pytest.mark.parametrize("form", ["files", "long"])
def test_files_and_long_data__give_the_same_bytes_as_columns(folder, wide, form):
    other = engine.run(written(folder, form), out=folder / f"run-{form}", report=False, only="describe")
    assert other.to_frame().equals(wide.to_frame().filter(pl.col("analysis") == "describe"))
    assert other.manifest["imputations"] == wide.manifest["imputations"]


def test_rows__count_people_once_and_tell_what_is_missing(wide):
    frame = wide.to_frame()
    count = frame.filter(
        (pl.col("measure") == "count") & (pl.col("term") == "sex") & pl.col("wave").is_null()
    )
    assert count["estimate"].sum() <= N
    index = frame.filter(pl.col("measure") == "standard")
    assert (index["n_imputations"] == M).all()
    assert (index["missing_information"] > 0.0).all()
    assert (index["df2"] < 24).all()  # 30 PSUs in 6 strata
    assert (index["n_obs"] <= N).all()
    # Nobody's illness is imputed: what needs no income is as it would be without imputations.
    alone = frame.filter((pl.col("measure") == "count") & (pl.col("term") == "sex"))
    assert (alone["missing_information"].fill_null(0.0) == 0.0).all()


def test_contributions__still_add_up(wide):
    rows = wide.to_frame().filter((pl.col("analysis") == "decomposition") & (pl.col("wave") == "2001"))
    whole = rows.filter(pl.col("measure") == "standard")["estimate"].item()
    parts = rows.filter(pl.col("measure").is_in(["contribution", "residual"]))["estimate"].sum()
    assert parts == pytest.approx(whole, rel=1e-9)


def test_manifest_and_methods__tell_of_the_imputations(wide):
    facts = wide.manifest["imputations"]
    assert facts["m"] == M
    assert facts["variables"]["income"] == {"imputed": 90, "differing": 90, "missing": 0}
    assert len(facts["people"]) == M
    rows = wide.to_frame().to_dicts()
    english, works = methods_text(wide.manifest, rows, {}, "en")
    assert any("3 completed data sets" in sentence and "Rubin" in sentence for sentence in english)
    assert any("Barnard" in work for work in works)
    chinese, _ = methods_text(wide.manifest, rows, {}, "zh")
    assert any("3 个" in sentence and "Rubin" in sentence for sentence in chinese)


def test_shards__join_to_the_same_rows(folder, wide):
    request = make_request(written(folder, "wide"), None, only="concentration")
    parts = [run_share(request, Share(number=k, of=2), folder / f"part-{k}") for k in (1, 2)]
    joined = merge_shards(parts, folder / "joined")
    assert joined.to_frame().equals(wide.to_frame().filter(pl.col("analysis") == "concentration"))
    assert joined.manifest["imputations"] == wide.manifest["imputations"]


def test_verify_and_plan_and_check__know_imputations(folder, wide):
    found = verify(folder / "run-wide", folder / "wide.parquet", only="rates")
    assert (found.faults, found.n_rows > 0) == ([], True)
    path = written(folder, "wide")
    assert "3 of income, band" in str(make_plan(path).imputations)
    assert make_plan(path).panel_ready
    assert check_study(path) == ()
    path = folder / "wrong.toml"
    wrong = {**COLUMNS, "income": ["income_1", "income_2", "income_9"]}
    path.write_text(study("wide.parquet", imputations={"columns": wrong}))
    assert [fault.place for fault in check_study(path)] == ["variables.income"]


@pytest.mark.slow
def test_calibration__adjusts_the_weights_of_each_data_set(folder, wide):
    margin = {"by": "band", "totals": {"poor": 200, "rich": 300}}
    design = {"calibration": {"method": "raking", "margins": [margin]}}
    text = study("wide.parquet", imputations={"columns": COLUMNS}, design=design)
    found = run(folder, text, "calibrated", only="rates")
    each = [
        run(
            folder,
            study("wide.parquet", income=f"income_{number}", design=design),
            f"calibrated-{number}",
            only="rates",
        )
        for number in NUMBERS
    ]
    assert found.to_frame().equals(engine.pool(each))


def test_equal_imputations__give_the_ordinary_results(folder):
    columns = {name: ["income_1", "income_again"] for name in ("income", "band")}
    frame = pl.read_parquet(folder / "wide.parquet").with_columns(income_again="income_1")
    frame.write_parquet(folder / "again.parquet")
    only = {"interval": "normal"}
    again = run(
        folder,
        study("again.parquet", imputations={"columns": columns}, **only),
        "again",
        only="concentration",
    )
    once = run(folder, study("again.parquet", income="income_1", **only), "once", only="concentration")
    told = ("n_imputations", "missing_information")
    assert again.to_frame().drop(told).equals(once.to_frame().drop(told))
    assert {*again.to_frame()["missing_information"]} == {0.0}
    assert "income: no value differs between the 2 imputations" in again.manifest["warnings"]


def test_key__puts_people_into_one_order(folder, wide):
    for number in NUMBERS:
        completed(number).sample(fraction=1.0, shuffle=True, seed=number).write_csv(
            folder / f"mixed_{number}.csv"
        )
    files = {"files": [f"mixed_{number}.csv" for number in NUMBERS], "variables": ["income", "band"]}
    text = study("asked.csv", imputations=files, waves={"wave": "wave", "key": "id"})
    found = run(folder, text, "mixed", only="rates").to_frame()
    of_wide = wide.to_frame().filter(pl.col("analysis") == "rates")
    for name in ("estimate", "std_error", "df2"):
        told = found[name].drop_nulls()
        assert told.to_list() == pytest.approx(of_wide[name].drop_nulls().to_list(), rel=1e-9)


def test_long_file__with_other_numbers_is_refused(folder):
    text = study("long.parquet", imputations={"number": ".imp", "m": 2, "variables": ["income", "band"]})
    with pytest.raises(DataError, match=r"360 rows have another number in '.imp'; expected 0 to 2"):
        run(folder, text, "m2")
    text = text.replace("m = 2", "m = 4")
    with pytest.raises(DataError, match="no record of imputation 4"):
        run(folder, text, "m4")


def test_nights_cells_weights_and_release__say_why_they_refuse(folder, wide):
    path = written(folder, "wide")
    with pytest.raises(StudyError, match=r"nights, which take one in.*equirank run"):
        night_study(path)
    with pytest.raises(StudyError, match="a file of weights"):
        export_weights(path, folder / "weights.csv")
    with pytest.raises(StudyError, match="cells, which are those of one"):
        export_cells(path, folder / "cells.zip")
    with pytest.raises(StudyError, match="disclosure control"):
        release_run(folder / "run-wide", folder / "released")
    with pytest.raises(UsageError, match="the folder of the files of the 3 imputations"):
        engine.run(written(folder, "files"), data=folder / "done_1.csv")


def test_site_disclosure__is_refused(folder, monkeypatch):
    monkeypatch.setenv("EQUIRANK_DISCLOSURE", "threshold = 10")
    with pytest.raises(StudyError, match="EQUIRANK_DISCLOSURE"):
        make_request(written(folder, "wide"), None)


@pytest.mark.slow
def test_files_by_wave__are_read_as_those_of_a_study_without_imputations(folder, wide):
    for number in (0, *NUMBERS):
        for wave, own in completed(number).group_by("wave"):
            own.write_csv(folder / f"wave_{wave[0]}_{number}.csv")
    by_wave = [{str(year): f"wave_{year}_{number}.csv" for year in (2001, 2002)} for number in (0, *NUMBERS)]
    imputations = {"files": by_wave[1:], "variables": ["income", "band"]}
    text = study(by_wave[0], imputations=imputations, waves={})
    found = run(folder, text, "by-wave", only="rates")
    of_wide = wide.to_frame().filter(pl.col("analysis") == "rates")
    assert found.to_frame().equals(of_wide)
    assert len(found.manifest["sources"]) == 2 * M
