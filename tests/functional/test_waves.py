"""An analysis of each wave alone, or of some: the numbers of a study that has no other waves, bit for bit."""

import polars as pl
import pytest

from tests.functional.conftest import STUDY, write_survey

COMPARED = 'by = ["wave", "sex"]'


def results(path):
    return pl.read_parquet(path / "results.parquet")


def run(cli, study, out):
    code, _, err = cli("run", study, "--out", out)
    assert code == 0, err


def apart(text, waves, kinds=("describe", "rates", "concentration", "curve")):
    for kind in kinds:
        text = text.replace(f'kind = "{kind}"', f'kind = "{kind}"\nwaves = {waves}')
    return text


def test_each_wave__is_what_a_study_of_that_wave_alone_gives(cli, project, survey):
    (project / "each.toml").write_text(apart(STUDY, '"each"'))
    run(cli, "each.toml", "each")
    found = results(project / "each")
    for wave in (2015, 2016):
        write_survey(survey.filter(pl.col("wave") == wave), project / "one.parquet")
        text = STUDY.replace("survey.parquet", "one.parquet").replace(COMPARED, 'by = ["sex"]')
        (project / "one.toml").write_text(text.replace('by = "wave"\n', ""))
        run(cli, "one.toml", f"one-{wave}")
        alone = results(project / f"one-{wave}").with_columns(wave=pl.lit(str(wave)))
        assert found.filter(pl.col("wave") == str(wave)).equals(alone)
    assert found["wave"].null_count() == 0


def test_named_waves__are_seen_without_the_others(cli, project, survey):
    third = survey.with_columns(wave=pl.lit(2017), ill=1 - pl.col("ill"))
    write_survey(pl.concat([survey, third], how="vertical_relaxed"), project / "more.parquet")
    text = STUDY.replace("survey.parquet", "more.parquet")
    (project / "two.toml").write_text(apart(text, "[2015, '2016']"))
    run(cli, "two.toml", "two")
    run(cli, "study.toml", "small")
    assert results(project / "two").equals(results(project / "small"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            apart(STUDY, '"each"').replace(COMPARED, 'by = "wave"'),
            "analysis 'inequality', compare: found true although each wave is computed alone",
        ),
        (
            apart(STUDY, '"each"').replace('wave = "wave"\n', "").replace('by = "wave"\n', ""),
            "expected a study with",
        ),
        (apart(STUDY, "[]", ["curve"]), "analysis 'curve', waves"),
    ],
)
def test_waves__that_cannot_be(cli, project, text, told):
    (project / "study.toml").write_text(text)
    code, _, err = cli("run", "study.toml")
    assert code == 10
    assert told in err


ABSENT = (
    "analysis 'curve', waves: found '2051', which no record of the sample has; expected waves of the data."
)


def test_a_wave_that_is_not_there__fails_alone(cli, project):
    (project / "study.toml").write_text(apart(STUDY, "['2051']", ["curve"]))
    code, out, err = cli("run", "study.toml", "--out", "run")
    assert code == 12
    assert f"{ABSENT} Did you mean" in err
    assert "Note: analysis curve [2051] failed" in out
    assert {*results(project / "run")["analysis"]} == {"people", "rates", "inequality"}
    code, _, err = cli("run", "study.toml", "--only", "curve", "--out", "alone")
    assert code == 11
    assert ABSENT in err
    assert not (project / "alone").exists()


def test_a_wave_that_is_not_there__is_foreseen_by_check_and_plan(cli, project):
    (project / "study.toml").write_text(apart(STUDY, "['2051']", ["curve"]))
    assert ABSENT not in cli("plan", "study.toml")[1]  # the waves stand in a file that nobody has read yet
    code, out, _ = cli("check", "study.toml", "--data", "survey.parquet")
    assert code == 10
    assert ABSENT in out
    code, out, _ = cli("plan", "study.toml")
    assert code == 0
    assert f"Will fail\n  {ABSENT}" in out


def test_plan__knows_the_waves_that_are_stated_for_files(cli, project, survey):
    for wave in (2015, 2016):
        write_survey(survey.filter(pl.col("wave") == wave).drop("wave"), project / f"{wave}.parquet")
    files = 'path = { 2015 = "2015.parquet", 2016 = "2016.parquet" }'
    text = apart(STUDY, "['2051']", ["curve"]).replace('wave = "wave"\n', "", 1)
    (project / "study.toml").write_text(text.replace('path = "survey.parquet"', files))
    code, out, err = cli("plan", "study.toml")
    assert code == 0, err
    assert ABSENT in out


def test_records_without_a_wave__fail_an_analysis_of_each_wave_alone(cli, project, survey):
    write_survey(survey.with_columns(wave=pl.lit(None, pl.Int64)), project / "survey.parquet")
    (project / "study.toml").write_text(apart(STUDY, '"each"', ["curve"]).replace('by = "wave"\n', ""))
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert code == 12
    assert "analysis 'curve': no record of the sample has a wave" in err
    assert "people" in {*results(project / "run")["analysis"]}
