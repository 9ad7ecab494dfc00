"""Every kind of bad input: the exit code, a message with place and remedy, nothing half-written, no value."""

import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

import engine
from engine.batch.reporter import Reporter
from engine.errors import Enough

TOKEN = 987_654.321  # a value of one person, which no message may show


def refused(cli, project, code, *words, arguments=("run", "study.toml", "--out", "run")):
    got, out, err = cli(*arguments)
    assert got == code, err
    assert out == ""
    for word in words:
        assert word in err, err
    assert "Traceback" not in err
    assert "987" not in err
    assert not (project / "run").exists()
    assert not list(project.glob(".run*"))


def with_token(survey):
    row = pl.int_range(pl.len()) == 17
    return survey.with_columns(income=pl.when(row).then(TOKEN).otherwise("income"))


def test_missing_file(cli, project):
    (project / "survey.parquet").unlink()
    refused(cli, project, 11, "survey.parquet: no such file", "--data")


def test_missing_study(cli, project):
    refused(cli, project, 10, "no such file", arguments=("run", "stduy.toml", "--out", "run"))


@pytest.mark.parametrize("suffix", ["parquet", "csv", "dta", "sav"])
def test_unreadable_file(cli, changed, project, suffix):
    study = changed(source=f"survey.{suffix}")
    content = b"987654 is no such file"
    if suffix == "csv":
        content = b"wave,weight,stratum,psu,ill,income,sex\n1,1,1,1,1,1,1\n1,1,1,1,1,987654,1,1,1,1,1\n"
    (project / f"survey.{suffix}").write_bytes(content)
    refused(
        cli,
        project,
        11,
        f"survey.{suffix}: the file cannot be read",
        arguments=("run", study, "--out", "run"),
    )


def test_truncated_file(cli, project):
    content = (project / "survey.parquet").read_bytes()
    (project / "survey.parquet").write_bytes(content[: len(content) // 2])
    refused(cli, project, 11, "survey.parquet: the file cannot be read")


def test_empty_file(cli, changed, project):
    study = changed(source="survey.csv")
    (project / "survey.csv").write_text("")
    refused(cli, project, 11, "survey.csv", arguments=("run", study, "--out", "run"))


def test_header_only(cli, changed, project, survey):
    changed(frame=survey.clear(), source="survey.csv")
    refused(cli, project, 11, "source: no row is left")


def test_unknown_format(cli, changed, project):
    changed(source="survey.xyz")
    (project / "survey.xyz").write_text("x")
    refused(cli, project, 11, "unknown format '.xyz'", ".parquet")


def test_unknown_column__names_the_nearest(cli, changed, project):
    changed(('from = "income"', 'from = "incmoe"'))
    refused(cli, project, 11, "no column 'incmoe'", "variables.income", "Did you mean 'income'")


def test_unknown_weight_column(cli, changed, project):
    changed(('weight = "weight"', 'weight = "wieght"'))
    refused(cli, project, 11, "no column 'wieght'", "design.weight", "Did you mean 'weight'")


def test_columns_that_differ_only_in_case(cli, changed, project, survey):
    changed(('from = "income"', 'from = "INCOME"'), frame=survey.with_columns(Income=pl.col("income")))
    refused(cli, project, 11, "differ only in case")


def test_unknown_level__names_codes_of_many_people_only(cli, changed, project, survey):
    changed(frame=survey.with_columns(sex=pl.Series([1, 2, 3] * 200)))
    refused(cli, project, 11, "column 'SEX' (variables.sex): 200 rows", "code 3", "levels or to missing")


def test_unknown_level__of_one_person_is_not_shown(cli, changed, project, survey):
    changed(frame=survey.with_columns(sex=pl.when(pl.int_range(pl.len()) == 5).then(987).otherwise("sex")))
    refused(cli, project, 11, "1 rows hold a value that no level names", "not shown")


def test_text_where_a_number_belongs(cli, changed, project, survey):
    text = survey.with_columns(
        income=pl.when(pl.int_range(pl.len()) == 5)
        .then(pl.lit("987 yuan"))
        .otherwise(pl.col("income").cast(str))
    )
    changed(frame=text)
    refused(cli, project, 11, "1 rows hold text where a number belongs", "variables.income")


def test_study_with_five_faults__tells_all(cli, changed, project):
    changed(
        ('name = "small"', 'name = "small"\nsede = 1'),
        ('event = "ill"', 'event = "il"'),
        ('rank_by = "income"\nby = ["wave", "sex"]', 'rank_by = "incme"\nby = ["wave", "sex"]'),
        ('"erreygers"]', '"ereygers"]'),
        ("replicates = 100", 'replicates = "many"'),
    )
    refused(
        cli,
        project,
        10,
        "5 faults",
        "study.sede",
        "variables.ill.event",
        "analysis 'inequality', rank_by",
        "analysis 'inequality', index[2]",
        "analysis 'inequality', bootstrap.replicates",
    )


def test_duplicated_analysis_name(cli, changed, project):
    changed(('name = "rates"', 'name = "people"'))
    refused(cli, project, 10, "analysis[2].name", "'people'")


def test_wagstaff_without_bounds(cli, changed, project):
    changed(
        (
            'outcome = "ill"\nrank_by = "income"\nby = ["wave", "sex"]',
            'outcome = "income"\nrank_by = "income"',
        ),
        ('["standard", "erreygers"]', '["wagstaff"]'),
    )
    refused(cli, project, 10, "analysis 'inequality', index", "theoretical bounds", "bounds = [low, high]")


def test_rule_that_is_no_condition(cli, changed, project):
    changed(('keep = "income IS NOT NULL"', "keep = \"read_csv('/etc/passwd') = 1\""))
    refused(cli, project, 10, "sample[1].keep", "'read_csv'")


def test_rule_that_leaves_nobody__is_named(cli, changed, project):
    changed(('keep = "income IS NOT NULL"', 'keep = "income > 1e9"'))
    refused(cli, project, 11, "sample[1] 'Income known'", "of the 600 rows before it")


@pytest.mark.parametrize(
    ("column", "value", "code", "words"),
    [
        ("ill", 0, 12, ["outcome 'ill' is constant", "rows of the sample"]),
        ("income", 3.0, 12, ["rank 'income' is constant"]),
        ("weight", 0.0, 11, ["weight column 'weight'", "weights are 0"]),
        ("weight", -1.0, 11, ["weight column 'weight'", "negative weights"]),
        ("weight", None, 11, ["weight column 'weight'", "missing or infinite weights"]),
        ("stratum", None, 11, ["stratum column 'stratum'", "rows have none"]),
        ("psu", None, 11, ["cluster column 'psu'", "rows have none"]),
    ],
)
def test_constant_and_impossible_columns(cli, changed, project, survey, column, value, code, words):
    changed(frame=with_token(survey) if column != "income" else survey)
    frame = pl.read_parquet(project / "survey.parquet").with_columns(
        pl.lit(value).cast(survey[column].dtype).alias(column)
    )
    changed(frame=frame)
    refused(
        cli, project, code, *words, arguments=("run", "study.toml", "--out", "run", "--only", "inequality")
    )


def test_one_negative_weight__is_refused_by_row(cli, changed, project, survey):
    changed(
        frame=survey.with_columns(
            weight=pl.when(pl.int_range(pl.len()) == 20).then(-987.0).otherwise("weight")
        )
    )
    refused(cli, project, 11, "1 negative weights", "in row")


def test_outcome_outside_its_bounds(cli, changed, project):
    changed(
        ('[variables.income]\nfrom = "income"', '[variables.income]\nfrom = "income"\nbounds = [0, 10]'),
        (
            'outcome = "ill"\nrank_by = "income"\nby = ["wave", "sex"]',
            'outcome = "income"\nrank_by = "income"',
        ),
        ("compare = true", "compare = false"),
    )
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert code == 12
    assert "outcome 'income': 550 values lie outside its bounds [0, 10]" in err
    assert (project / "run").is_dir()  # the other analyses stand


def test_single_psu_in_a_stratum(cli, changed, project, survey):
    lonely = survey.with_columns(stratum=pl.when(pl.col("psu") == 0).then(99).otherwise("stratum"))
    study = changed(frame=lonely)
    refused(cli, project, 11, "1 of 6 strata have a single sampling unit", "single_psu = 'adjust'")
    for choice in ("adjust", "certainty"):
        study.write_text(
            study.read_text().replace('cluster = "psu"', f'cluster = "psu"\nsingle_psu = "{choice}"')
        )
        assert cli("run", study, "--out", choice)[0] == 0
        study.write_text(study.read_text().replace(f'\nsingle_psu = "{choice}"', ""))


def test_cluster_in_two_strata(cli, changed, project, survey):
    changed(frame=survey.with_columns(psu=pl.col("psu") % 6))
    refused(cli, project, 11, "ids stand in more than one stratum", "design.nested = true")


def test_out_that_cannot_be_written(cli, project):
    (project / "file").write_text("x")
    code, out, err = cli("run", "study.toml", "--out", "file/run")
    assert (code, out) == (2, "")
    assert "cannot be written" in err
    assert (project / "file").read_text() == "x"


def test_out_that_is_something_else(cli, project):
    (project / "run").mkdir()
    (project / "run" / "thesis.docx").write_text("precious")
    code, _, err = cli("run", "study.toml", "--out", "run")
    assert code == 2
    assert "it holds other files" in err
    assert (project / "run" / "thesis.docx").read_text() == "precious"


def test_out_with_a_file_of_the_users_beside_a_run__is_kept(cli, project):
    assert cli("run", "study.toml", "--out", "run", "--only", "rates")[0] == 0
    (project / "run" / "notes.txt").write_text("precious")
    code, _, err = cli("run", "study.toml", "--out", "run", "--only", "rates")
    assert code == 2
    assert "it holds other files" in err
    assert (project / "run" / "notes.txt").read_text() == "precious"


def test_out_that_is_the_folder_one_is_in(cli, project, monkeypatch):
    (project / "empty").mkdir()
    monkeypatch.chdir(project / "empty")
    code, _, err = cli("run", "../study.toml", "--out", ".")
    assert code == 2
    assert "the folder you are in" in err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("NaN", "text where a number belongs"),
        ("nan", "text where a number belongs"),
        ("-Infinity", "an infinite number; expected finite numbers"),
    ],
)
def test_text_that_python_would_take_for_a_number(cli, changed, project, survey, text, told):
    income = pl.col("income").fill_null(1.0).cast(str)
    frame = survey.with_columns(
        income=pl.when(pl.int_range(pl.len()) == 5).then(pl.lit(text)).otherwise(income)
    )
    changed(frame=frame, source="survey.csv")
    refused(cli, project, 11, f"column 'income' (variables.income): 1 rows hold {told}")


def test_file_named_twice__counts_once_and_a_copy_is_refused(cli, changed, project):
    study = changed(('path = "survey.parquet"', 'path = ["survey.parquet", "surv*.parquet"]'))
    assert cli("run", study, "--out", "once", "--only", "rates")[0] == 0
    (project / "survey_copy.parquet").write_bytes((project / "survey.parquet").read_bytes())
    refused(cli, project, 11, "the same content as survey")


def test_variable_names_that_differ_in_case_only(cli, changed, project):
    changed(
        ("[variables.sex]", "[variables.Income]"),
        ('rows = "sex"', 'rows = "Income"'),
        ('"sex"]', '"Income"]'),
    )
    refused(cli, project, 10, "variables.Income", "a name like 'income'")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[variables.sex]", "[variables.Wave]", "reserved name"),
        ('from = "income"', 'from = "income"\nbounds = [10, 0]', "low < high"),
        ('from = "income"', 'from = "income"\ncut = { a = [0, 9], b = [5, inf] }', "do not overlap"),
        ('from = "income"', 'from = "income"\ncut = { a = [1, "x"] }', "variables.income.cut"),
        (
            'from = "income"',
            'from = "income"\nmissing = { missing = [9], skipped = [9] }',
            "each code in one place only",
        ),
        ('path = "survey.parquet"', "path = {}", "source.path"),
        ('path = "survey.parquet"', 'path = "survey.parquet"\nencoding = "klingon"', "unknown encoding"),
        (
            'cluster = "psu"',
            'cluster = "psu"\nreplicate_weights = { columns = "r*", method = "jkn" }',
            "rscales",
        ),
        ('cluster = "psu"', 'cluster = "psu"\npopulation = "n"', "jackknife"),
        ('by = ["wave", "sex"]', 'by = ["wave", "wave"]', "a name twice"),
        ('by = ["wave", "sex"]', "by = []", "groups to compare"),
        ('outcome = "ill"\nrows', "outcome = []\nrows", "analysis 'rates', outcome"),
        ("income IS NOT NULL", "sex >= 'male'", "an order between names"),
    ],
)
def test_contradictions_in_a_study(cli, changed, project, old, new, words):
    changed((old, new))
    refused(cli, project, 10, words)


@pytest.mark.parametrize("name", ["x" * 300, "a\x00b"])
def test_impossible_study_names(cli, project, name):
    refused(cli, project, 10, "no such file", arguments=("run", name, "--out", "run"))


def test_study_nested_too_deeply(cli, project):
    (project / "study.toml").write_text("a = " + "[" * 5000)
    refused(cli, project, 10, "study file")


def test_too_few_replicates_on_the_command_line(cli, project):
    refused(
        cli, project, 2, "at least 39", arguments=("run", "study.toml", "--out", "run", "--replicates", "3")
    )


def test_unusable_cache(cli, project, monkeypatch):
    (project / "file").write_text("x")
    monkeypatch.setenv("EQUIRANK_CACHE", str(project / "file"))
    refused(cli, project, 2, "cache folder", "EQUIRANK_CACHE")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "study.toml", "--replicates", "-1"),
        ("run", "study.toml", "--seed", "x"),
        ("run", "study.toml", "--only", "nothing"),
        ("simulate", "cmds", "--out", "x.docx"),
        ("simulate", "mars", "--out", "x.csv"),
        ("show", "nowhere"),
        ("frobnicate",),
    ],
)
def test_usage(cli, project, arguments):
    code, out, err = cli(*arguments)
    assert code == 2
    assert err
    assert "Traceback" not in out + err


def test_token__stands_in_no_file_of_a_finished_run(cli, changed, project, survey):
    changed(frame=with_token(survey))
    code, out, err = cli("run", "study.toml", "--out", "run")
    assert code == 0
    manifest = (project / "run" / "manifest.json").read_text()
    assert "987654" not in out + err + manifest


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_in_the_middle_of_replicates__leaves_nothing(
    changed, project, survey, stop, tmp_path_factory
):
    scratch = tmp_path_factory.mktemp("scratch")
    changed(frame=pl.concat([survey] * 100))  # large enough to draw replicates for minutes
    program = "from engine.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "study.toml", "--out", "run", "--replicates", "1000000"]
    process = subprocess.Popen(  # noqa: S603
        command, cwd=project, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(scratch)}
    )
    deadline = time.monotonic() + 60
    while not list(project.glob(".run.writing-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(4)  # now it draws replicates
    running = process.poll() is None
    process.send_signal(stop)
    began = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert running
    assert time.monotonic() - began < 5
    assert process.returncode == 130, err
    *signs_of_life, last = err.splitlines()
    assert last == "equirank: interrupted; nothing was written."
    assert all(line.endswith(" ...") for line in signs_of_life), err
    assert not (project / "run").exists()
    assert not list(project.glob(".run*"))
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ('terms = ["sexx"]', ("unknown variable 'sexx'", "sex")),
        ('terms = ["ill"]', ("the outcome itself",)),
        ('terms = ["sex"]\nneed = ["income"]', ("analysis 'd', need", "none of the terms")),
        ('terms = ["sex"]\nbootstrap = { replicates = 100, interval = "bca" }', ("bca", "percentile")),
        ('terms = ["sex"]\nindex = "extended"', ("analysis 'd', index",)),
        ('terms = ["sex"]\nmodel = "cloglog"', ("analysis 'd', model", "probit")),
        ("terms = []", ("analysis 'd', terms",)),
    ],
)
def test_decomposition__faults_are_told(cli, project, terms, words):
    text = (project / "study.toml").read_text()
    own = f'[[analysis]]\nname = "d"\nkind = "decomposition"\noutcome = "ill"\nrank_by = "income"\n{terms}\n'
    describe = '[[analysis]]\nname = "p"\nkind = "describe"\n'
    (project / "study.toml").write_text(text[: text.index("[[analysis]]")] + describe + own)
    refused(cli, project, 10, *words)


class Impatient(Reporter):
    """Interrupts after some signs of life, as a user with --keep does."""

    keeps = True

    def __init__(self, patience):
        self.patience = patience

    def replicated(self, _replicates):
        self.patience -= 1
        if self.patience < 0:
            self.interrupted = True
            raise Enough


@pytest.mark.parametrize("kind", ["concentration", "decomposition"])
def test_interrupt_with_keep__keeps_the_replicates_that_are_done(changed, project, survey, kind, monkeypatch):
    from engine.estimators.replicates import batches

    monkeypatch.setattr(batches, "BATCH_WORK", 1.0)  # a block for each thread at a time
    extra = 'terms = "sex"' if kind == "decomposition" else ""
    text = changed(frame=survey).read_text()
    (project / "study.toml").write_text(
        text[: text.index("[[analysis]]")]
        + f"""
[[analysis]]
name = "first"
kind = "describe"
[[analysis]]
name = "second"
kind = "{kind}"
outcome = "ill"
rank_by = "income"
bootstrap = {{ replicates = 5000 }}
{extra}
[[analysis]]
name = "last"
kind = "describe"
"""
    )
    whole = engine.run("study.toml", out="whole", threads=2, replicates=256).to_frame()
    result = engine.run("study.toml", out="run", threads=2, reporter=Impatient(3))
    assert result.manifest["interrupted"]
    assert "not run: last" in result.manifest["warnings"][0]
    rows = result.to_frame()
    assert rows["analysis"].unique(maintain_order=True).to_list() == ["first", "second"]
    done = rows["n_replicates"].drop_nulls().unique().to_list()
    assert done == [256]  # four signs of life of 64
    # What is kept is what a run of so many replicates gives.
    kept = rows.filter(pl.col("analysis") == "second")
    assert kept["std_error"].to_list() == whole.filter(pl.col("analysis") == "second")["std_error"].to_list()


def test_interrupt_with_keep_before_any_replicate__keeps_the_analyses_before(changed, project, survey):
    class Sudden(Impatient):
        def start_analysis(self, name):
            if name == "inequality":
                self.interrupted = True
                raise KeyboardInterrupt

    changed(frame=survey)
    result = engine.run("study.toml", out="run", reporter=Sudden(0))
    assert result.to_frame()["analysis"].unique(maintain_order=True).to_list() == ["people", "rates"]
    assert "not run: inequality, curve" in result.manifest["warnings"][0]


def test_first_interrupt__waits_for_the_batch_and_the_second_does_not():
    from engine.cli.progress import _Interruptible

    reporter = _Interruptible(keeps=True)
    reporter.start_analysis("a")
    reporter.replicated(64)
    reporter.interrupt(signal.SIGINT, None)
    with pytest.raises(Enough):
        reporter.replicated(64)
    with pytest.raises(KeyboardInterrupt):
        reporter.interrupt(signal.SIGINT, None)
    impatient = _Interruptible(keeps=False)
    with pytest.raises(KeyboardInterrupt):
        impatient.interrupt(signal.SIGINT, None)
