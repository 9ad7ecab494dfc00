import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import engine
from engine.results import COLUMNS
from tests.functional.conftest import STUDY, write_survey


def results(path):
    return pl.read_parquet(path / "results.parquet")


@pytest.mark.usefixtures("whole_reports")
def test_run__writes_a_whole_run_directory(cli, project):
    code, out, err = cli("run", "study.toml", "--out", "run")
    assert (code, err) == (0, "")
    assert "ill: " in out
    assert "\x1b[" not in out
    names = ["figures", "manifest.json", "report.html", "results.parquet", "tables"]
    assert sorted(path.name for path in (project / "run").iterdir()) == names
    shown = cli("show", "run")[1]
    assert "Concentration of ill by income" in shown
    assert "Rate of ill, per cent" in shown
    frame = results(project / "run")
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["analysis"]) == {"people", "rates", "inequality", "curve"}
    assert frame["status"].unique().to_list() == ["ok"]
    manifest = json.loads((project / "run" / "manifest.json").read_text())
    flow = manifest["sample_flow"]
    assert [step["label"] for step in flow] == ["All records", "Income known"]
    assert flow[0]["n"] == 600
    assert flow[1]["n"] == 600 - manifest["missing"]["income"]["blank"]
    assert len(manifest["sources"][0]["sha256"]) == 64
    assert not [path for path in project.iterdir() if path.name.startswith(".")]


def test_run__gives_what_the_functions_give(cli, project, survey):
    cli("run", "study.toml", "--out", "run")
    frame = results(project / "run").filter(
        pl.col("measure") == "erreygers", pl.col("method") == "linearised", pl.col("wave") == "2015"
    )
    known = survey.filter(pl.col("income").is_not_null())
    for sex, code in (("male", 1), ("female", 2)):
        row = frame.filter(pl.col("subgroup") == f"sex={sex}").row(0, named=True)
        inside = pl.when((pl.col("wave") == 2015) & (pl.col("sex") == code)).then(pl.col("income"))
        # The same domain: rows outside have no rank, but their PSUs count.
        own = engine.concentration_index(
            known.with_columns(inside.alias("rank")),
            "ill",
            "rank",
            weight="weight",
            stratum="stratum",
            cluster="psu",
            index="erreygers",
            bounds=(0, 1),
        )
        assert row["estimate"] == pytest.approx(own.estimate, rel=1e-13)
        assert row["std_error"] == pytest.approx(own.std_error, rel=1e-12)
        assert row["n_obs"] == own.n_obs


def test_rates__equal_weighted_means_and_the_survey_formula(cli, project, survey):
    cli("run", "study.toml", "--out", "run", "--only", "rates")
    known = survey.filter(pl.col("income").is_not_null(), pl.col("wave") == 2016, pl.col("sex") == 2)
    row = (
        results(project / "run")
        .filter(pl.col("wave") == "2016", pl.col("level") == "female")
        .row(0, named=True)
    )
    y, w = known["ill"].to_numpy(), known["weight"].to_numpy()
    p = (w * y).sum() / w.sum()
    assert row["estimate"] == pytest.approx(p, rel=1e-13)
    assert (row["n_obs"], row["n_events"]) == (len(y), int(y.sum()))
    # Taylor linearisation by hand: residuals over W, summed by PSU, compared inside strata.
    totals = np.zeros(30)
    np.add.at(totals, known["psu"].to_numpy(), w * (y - p) / w.sum())
    by_stratum = totals.reshape(5, 6)
    variance = (6 / 5 * ((by_stratum - by_stratum.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)).sum()
    assert row["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert 0 < row["conf_low"] < p < row["conf_high"] < 1


def test_describe__counts_every_record_once(cli, project, survey):
    cli("run", "study.toml", "--out", "run", "--only", "people")
    frame = results(project / "run").filter(pl.col("wave").is_null(), pl.col("measure") == "count")
    n = survey["income"].is_not_null().sum()
    for term in ("ill", "sex", "income"):
        assert frame.filter(pl.col("term") == term)["estimate"].sum() == n


def test_second_run__reuses_the_panel_and_gives_the_same_bytes(cli, project):
    cli("run", "study.toml", "--out", "first")
    cli("run", "study.toml", "--out", "second", "--threads", "1")
    assert (project / "first/results.parquet").read_bytes() == (
        project / "second/results.parquet"
    ).read_bytes()
    manifests = [json.loads((project / name / "manifest.json").read_text()) for name in ("first", "second")]
    assert [manifest["panel_reused"] for manifest in manifests] == [False, True]


def test_changed_source__makes_a_new_panel(cli, project, survey):
    cli("run", "study.toml", "--out", "first")
    write_survey(survey.with_columns(income=pl.col("income") + 1), project / "survey.parquet")
    cli("run", "study.toml", "--out", "second")
    assert not json.loads((project / "second" / "manifest.json").read_text())["panel_reused"]


@pytest.mark.parametrize("suffix", ["csv", "dta", "sav"])
def test_format__gives_identical_results(cli, project, survey, suffix):
    cli("run", "study.toml", "--out", "parquet")
    write_survey(survey, project / f"survey.{suffix}")
    code, _, err = cli("run", "study.toml", "--data", f"survey.{suffix}", "--out", "other")
    assert code == 0, err
    assert results(project / "other").equals(results(project / "parquet"))


def test_simulated_panel__gives_identical_results_from_every_format(cli, project):
    frames = []
    for suffix in ("parquet", "csv", "dta", "sav"):
        assert cli("simulate", "cmds", "--rows", 3000, "--out", f"panel.{suffix}")[0] == 0
        code, _, err = cli("run", "cmds", "--data", f"panel.{suffix}", "--out", suffix, "--replicates", 50)
        assert code == 0, err
        frames.append(results(project / suffix))
    assert all(first.equals(second) for first, second in pairwise(frames))


def test_shuffled_rows__give_the_same_numbers(cli, project, survey):
    cli("run", "study.toml", "--out", "first")
    write_survey(survey.sample(fraction=1.0, shuffle=True, seed=1), project / "survey.parquet")
    cli("run", "study.toml", "--out", "second")
    first, second = results(project / "first"), results(project / "second")
    texts = [name for name in COLUMNS if first[name].dtype == pl.String]
    assert first.select(texts).equals(second.select(texts))
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert np.allclose(first[name].fill_null(9), second[name].fill_null(9), rtol=1e-12, atol=1e-14)


def test_waves__by_file_with_their_own_column_names(cli, project, survey):
    cli("run", "study.toml", "--out", "one", "--only", "inequality")
    for wave, name in ((2015, "inc"), (2016, "INCOME_16")):
        own = survey.filter(pl.col("wave") == wave).drop("wave").rename({"income": name})
        write_survey(own, project / f"w{wave}.dta")
    text = STUDY.replace(
        'path = "survey.parquet"\nwave = "wave"', 'path = { 2015 = "w2015.dta", 2016 = "w2016.dta" }'
    )
    text = text.replace('from = "income"', 'from = { 2015 = "Inc", 2016 = "income_16" }')
    (project / "study.toml").write_text(text)
    code, _, err = cli("run", "study.toml", "--out", "two", "--only", "inequality")
    assert code == 0, err
    assert results(project / "two").equals(results(project / "one"))


def test_missing__four_kinds_are_kept_apart(cli, changed, survey):
    codes = [None, 8, 7, 9, 0, 1] * 100
    frame = survey.with_columns(ill=pl.Series(codes, dtype=pl.Int64))
    study = changed(
        ('event = "ill"', 'event = "ill"\nmissing = { missing = [7], skipped = [8], not_sure = [9] }'),
        frame=frame,
    )
    assert cli("run", study, "--out", "run", "--only", "people")[0] == 0
    manifest = json.loads((study.parent / "run" / "manifest.json").read_text())
    assert manifest["missing"]["ill"] == {
        "value": 200,
        "blank": 100,
        "missing": 100,
        "skipped": 100,
        "not_sure": 100,
    }
    levels = results(study.parent / "run").filter(pl.col("term") == "ill", pl.col("measure") == "count")[
        "level"
    ]
    assert set(levels) == {"well", "ill", "(blank)", "(missing)", "(skipped)", "(not sure)"}


def test_stata_missing_codes_and_spss_ranges__are_understood(cli, project, survey):
    import pyreadstat

    pandas = survey.with_columns(ill=pl.Series([0, 1, 8] * 200)).to_pandas()
    pyreadstat.write_sav(pandas, project / "survey.sav", missing_ranges={"ill": [8]})
    pandas["ill"] = pandas["ill"].astype(object).where(pandas["ill"] != 8, "a")
    pyreadstat.write_dta(pandas, project / "survey.dta", missing_user_values={"ill": ["a"]})
    text = STUDY.replace('event = "ill"', 'event = "ill"\nmissing = { skipped = [".a"] }')
    (project / "study.toml").write_text(text)
    for suffix, kind in (("dta", "skipped"), ("sav", "missing")):
        code, _, err = cli(
            "run", "study.toml", "--data", f"survey.{suffix}", "--out", suffix, "--only", "people"
        )
        assert code == 0, err
        missing = json.loads((project / suffix / "manifest.json").read_text())["missing"]["ill"]
        assert missing[kind] == 200


def test_value_labels__name_levels_in_stata_and_spss(cli, project, survey):
    import pyreadstat

    labels = {"sex": {1: "男", 2: " 女 "}}
    pyreadstat.write_dta(survey.to_pandas(), project / "survey.dta", variable_value_labels=labels)
    (project / "study.toml").write_text(
        STUDY.replace('male = [1], female = ["2"]', 'male = ["男"], female = ["女"]')
    )
    cli("run", "study.toml", "--data", "survey.dta", "--out", "labels", "--only", "rates")
    (project / "study.toml").write_text(STUDY)
    cli("run", "study.toml", "--out", "codes", "--only", "rates")
    assert results(project / "labels").equals(results(project / "codes"))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_ids__are_neither_rounded_nor_merged(cli, changed, project, survey, suffix):
    """Ids beyond 2^53, and texts that only look like one number."""
    large = survey.with_columns(psu=pl.col("psu") + 2**53)
    study = changed(frame=large, source=f"survey.{suffix}")
    cli("run", study, "--out", "large", "--only", "rates")
    assert results(project / "large").filter(pl.col("wave").is_null())["n_clusters"].max() == 30
    texts = pl.Series([["7", "007", "1E2", "100", "0100", "1e2"][i % 6] for i in range(600)])
    study = changed(
        ('stratum = "stratum"\n', ""), frame=survey.with_columns(psu=texts), source=f"texts.{suffix}"
    )
    cli("run", study, "--out", "texts", "--only", "rates")
    assert results(project / "texts").filter(pl.col("wave").is_null())["n_clusters"].max() == 6


def test_weight_zero__counts_nowhere(cli, changed, project, survey):
    study = changed(
        frame=survey.with_columns(weight=pl.when(pl.col("psu") % 2 == 0).then(0.0).otherwise("weight"))
    )
    code, _, err = cli("run", study, "--out", "run")
    assert code == 0, err
    frame = results(project / "run")
    known = survey.filter(pl.col("income").is_not_null(), pl.col("psu") % 2 == 1)
    counts = frame.filter(pl.col("measure") == "count", pl.col("term") == "sex")
    for wave in (None, 2015, 2016):
        own = counts.filter(pl.col("wave").is_null() if wave is None else pl.col("wave") == str(wave))
        expected = known.height if wave is None else known.filter(pl.col("wave") == wave).height
        assert own["estimate"].sum() == expected
        assert own["n_obs"].unique().to_list() == [expected]


def test_damaged_panel__is_built_anew(cli, project, survey):
    half = survey.filter(pl.col("wave") == 2015), survey.filter(pl.col("wave") == 2016)
    for name, frame in zip(("a", "b"), half, strict=True):
        write_survey(frame, project / f"{name}.parquet")
    (project / "study.toml").write_text(STUDY.replace('"survey.parquet"', '["a.parquet", "b.parquet"]'))
    cli("run", "study.toml", "--out", "first")
    cache = Path(os.environ["EQUIRANK_CACHE"]) / "panels"
    next(cache.glob("*/part.parquet")).unlink()
    cli("run", "study.toml", "--out", "second")
    assert results(project / "second").equals(results(project / "first"))


def test_order_of_levels__is_part_of_the_panel(cli, changed, project):
    cli("run", "study.toml", "--out", "first", "--only", "people")
    study = changed(('male = [1], female = ["2"]', 'female = ["2"], male = [1]'))
    cli("run", study, "--out", "second", "--only", "people")
    levels = results(project / "second").filter(pl.col("term") == "sex")["level"].unique(maintain_order=True)
    assert levels.to_list() == ["female", "male"]


def test_replicate_weights__are_matched_by_name_and_may_not_differ(cli, project, survey):
    rng, names = np.random.default_rng(1), [f"rw_{i}" for i in range(1, 13)]
    frame = survey.with_columns(pl.Series(name, rng.uniform(0.5, 2, 600)) for name in names)
    one, two = frame.filter(pl.col("wave") == 2015), frame.filter(pl.col("wave") == 2016)
    text = STUDY.replace('"survey.parquet"', '["a.parquet", "b.parquet"]').replace(
        "[variables.ill]", 'replicate_weights = { columns = "rw_*", method = "brr" }\n[variables.ill]'
    )
    (project / "study.toml").write_text(text)
    write_survey(one, project / "a.parquet")
    found = []
    for out, columns in (("straight", names), ("reversed", names[::-1])):
        write_survey(two.select(*survey.columns, *columns), project / "b.parquet")
        code, _, err = cli("run", "study.toml", "--out", out, "--only", "inequality")
        assert code == 0, err
        found.append(results(project / out))
    assert found[0].equals(found[1])
    write_survey(two.drop("rw_7"), project / "b.parquet")
    code, _, err = cli("run", "study.toml", "--out", "fewer")
    assert code == 11
    assert "other replicate weights than a.parquet" in err


def test_one_constant_outcome__does_not_lose_the_others(cli, changed, project, survey):
    study = changed(
        (
            'outcome = "ill"\nrank_by = "income"\nby = ["wave", "sex"]',
            'outcome = ["ill", "dull"]\nrank_by = "income"',
        ),
        ("compare = true", "compare = false"),
        ("[[sample]]", '[variables.dull]\nfrom = "dull"\nbounds = [0, 9]\n[[sample]]'),
        frame=survey.with_columns(dull=pl.lit(3)),
    )
    code, _, err = cli("run", study, "--out", "run", "--only", "inequality")
    assert code == 0, err
    status = dict(results(project / "run").select("outcome", "status").unique().iter_rows())
    assert status == {"ill": "ok", "dull": "outcome constant"}
    assert "outcome constant" in json.loads((project / "run" / "manifest.json").read_text())["warnings"][0]


def test_records_without_a_wave__are_told(cli, changed, project, survey):
    study = changed(
        frame=survey.with_columns(wave=pl.when(pl.int_range(pl.len()) < 50).then(None).otherwise("wave"))
    )
    cli("run", study, "--out", "run", "--only", "rates")
    warnings = json.loads((project / "run" / "manifest.json").read_text())["warnings"]
    assert any("records have no wave" in warning for warning in warnings)


def test_manifest__is_strict_json_even_with_an_endless_interval(cli, project):
    text = STUDY.replace('from = "income"', 'from = "income"\ncut = { low = [0, 20], high = [20, inf] }')
    (project / "study.toml").write_text(text)
    assert cli("run", "study.toml", "--out", "run", "--only", "people")[0] == 0

    def refuse(constant):
        raise AssertionError(constant)

    json.loads((project / "run" / "manifest.json").read_text(), parse_constant=refuse)


def test_booleans__are_read_alike_from_every_format(cli, changed, project, survey):
    frame, found = survey.with_columns(ill=pl.col("ill") == 1), []
    for suffix in ("parquet", "csv"):
        study = changed(
            ("levels = { well = [0], ill = [1] }", 'levels = { well = ["false"], ill = ["true"] }'),
            frame=frame,
            source=f"survey.{suffix}",
        )
        write_survey(survey, project / "survey.parquet") if suffix == "parquet" else None
        write_survey(frame, project / f"survey.{suffix}")
        code, _, err = cli("run", study, "--out", suffix, "--only", "rates")
        assert code == 0, err
        found.append(results(project / suffix))
        write_survey(survey, project / "survey.parquet")
    assert found[0].equals(found[1])


def test_windows_notepad__puts_a_mark_before_the_text(cli, project):
    (project / "study.toml").write_text("\ufeff" + STUDY, encoding="utf-8")
    assert cli("check", "study.toml")[0] == 0


def test_narrow_terminal__breaks_no_number(project, cli):
    from rich.console import Console

    from engine.batch.kinds import TABLES
    from engine.report.terminal import show_run
    from engine.store.run_directory import read_run

    cli("run", "study.toml", "--out", "run")
    for width in (60, 80, 100):
        console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
        show_run(read_run(project / "run"), console, TABLES)
        text = console.export_text()
        console.file.close()
        lines = [line.rstrip() for line in text.splitlines() if not line.startswith("Run directory")]
        assert max(map(len, lines)) <= width
        cells = [cell for cell in text.split() if cell.startswith("(") and cell[1:2].isdigit()]
        assert cells
        assert all(cell.endswith(")") for cell in cells)


def test_replicate_weights__of_a_jackknife_equal_the_jackknife(cli, project, survey):
    """JKn weights written into the file and used from there, against the plan that makes them itself."""
    sizes, names, frame = 6, [], survey
    for psu in range(30):
        same = pl.col("psu") // sizes == psu // sizes
        factor = pl.when(pl.col("psu") == psu).then(0.0).when(same).then(sizes / (sizes - 1)).otherwise(1.0)
        names.append(f"rw_{psu:02d}")
        frame = frame.with_columns((pl.col("weight") * factor).alias(names[-1]))
    write_survey(frame, project / "survey.parquet")
    weights = f'{{ columns = "RW_*", method = "jkn", rscales = {[5 / 6] * 30}, centre = "mean" }}'
    given = f"replicate_weights = {weights}\n[variables.ill]"
    bootstrap = "bootstrap = { replicates = 100 }"
    jackknife = STUDY.replace(bootstrap, 'bootstrap = { method = "jackknife" }')
    (project / "study.toml").write_text(jackknife)
    cli("run", "study.toml", "--out", "own", "--only", "inequality")
    (project / "study.toml").write_text(STUDY.replace("[variables.ill]", given))
    code, _, err = cli("run", "study.toml", "--out", "given", "--only", "inequality")
    assert code == 0, err
    own = results(project / "own").filter(pl.col("method") == "delete-PSU jackknife, normal")
    given = results(project / "given")
    assert not given["method"].str.contains("linearised").any()
    given = given.filter(pl.col("method") == "replicate weights, normal")
    assert given.height == own.height == 20
    assert np.allclose(own["std_error"].fill_null(0), given["std_error"].fill_null(0), rtol=1e-12)


def test_finite_population__shrinks_the_variance_by_its_share(cli, project, survey, changed):
    jackknife = ("bootstrap = { replicates = 100 }", 'bootstrap = { method = "jackknife" }')
    cli("run", changed(jackknife), "--out", "infinite", "--only", "inequality")
    frame = survey.with_columns(fpc=pl.lit(24.0))
    study = changed(jackknife, ('cluster = "psu"', 'cluster = "psu"\npopulation = "fpc"'), frame=frame)
    cli("run", study, "--out", "finite", "--only", "inequality")
    ratio = results(project / "finite")["std_error"] / results(project / "infinite")["std_error"]
    assert ratio.drop_nulls().to_numpy() == pytest.approx(np.sqrt(1 - 6 / 24), rel=1e-12)


def test_meps__runs_on_real_records(cli, tmp_path, meps):
    code, out, err = cli("run", "meps", "--out", tmp_path / "run", "--replicates", 100)
    assert code == 0, err
    assert "SIMULATED" not in out
    row = (
        results(tmp_path / "run")
        .filter(pl.col("outcome") == "spending", pl.col("measure") == "standard")
        .row(0, named=True)
    )
    own = engine.concentration_index(meps, "drugexp", "income")
    assert row["estimate"] == pytest.approx(own.estimate, rel=1e-13)
    assert row["std_error"] == pytest.approx(own.std_error, rel=1e-12)
    assert row["n_obs"] == 10_391


def test_replaced_run__is_of_the_same_study_only(cli, project):
    assert cli("run", "study.toml", "--out", "run", "--only", "rates")[0] == 0
    assert cli("run", "study.toml", "--out", "run", "--only", "people")[0] == 0
    assert set(results(project / "run")["analysis"]) == {"people"}
    (project / "study.toml").write_text(STUDY.replace('name = "small"', 'name = "other"'))
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert code == 2
    assert "it holds other files" in err
    assert set(results(project / "run")["analysis"]) == {"people"}


def test_python__run_returns_rows_and_frame(project):
    result = engine.run(engine.load_study("study.toml"), out="run", only="rates")
    assert result.to_frame().equals(results(project / "run"))


@pytest.mark.slow
def test_brfss_and_nhanes__run_on_the_real_surveys(cli, shared, tmp_path):
    for study, data in (("brfss", "brfss_waves"), ("nhanes", "nhanes_2009_2012_raw.parquet")):
        code, _, err = cli("run", study, "--data", shared / "data" / data, "--out", tmp_path / study)
        assert code == 0, err
