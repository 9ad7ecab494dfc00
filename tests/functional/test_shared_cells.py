"""Sites share cells instead of records: the joined result is that of all records, and nobody stands alone."""

import json
import zipfile

import numpy as np
import polars as pl
import pytest

import engine
from engine.batch.cells_export import export_cells
from engine.data import records, shared_cells
from engine.data.source_file import file_hash
from engine.errors import DataError, EstimationError, UsageError
from tests.study_texts import analysis, event, factor, study_text

LEAST = 5
RANKED = {"outcome": "ill", "rank_by": "income"}
SITES = ("north", "middle", "south")


def study(*more, **design):
    return study_text(
        name="sites",
        seed=3,
        source={"path": "*.parquet", "wave": "wave"},
        design={"weight": "weight", "stratum": "stratum", "cluster": "psu", **design},
        variables={
            "ill": event("ill", well=[0], ill=[1]),
            "income": {},
            "sex": factor(male=[1], female=[2]),
        },
        sample={"Income known": "income IS NOT NULL"},
        analyses=[
            analysis("describe", name="people", variables=["ill", "sex"], by="wave"),
            analysis("rates", outcome="ill", rows="sex"),
            analysis(
                "concentration",
                name="inequality",
                **RANKED,
                by="wave",
                index=["standard", "erreygers"],
                compare=True,
                bootstrap={"replicates": 40},
            ),
            analysis("concentration", name="women", **RANKED, where="sex = 'female'"),
            analysis("curve", **RANKED),
            *more,
        ],
    )


def people(site):
    rng = np.random.default_rng(site)
    n = 3_000
    psu = 4 * site + rng.integers(0, 4, n)
    return pl.DataFrame(
        {
            "wave": rng.integers(1, 3, n),
            "ill": rng.integers(0, 2, n),
            "income": rng.integers(1, 4, n).astype(float),
            "sex": rng.integers(1, 3, n),
            "weight": rng.uniform(0.5, 2.0, n),
            "stratum": np.where(psu % 4 < 2, 2 * site, 2 * site + 1),
            "psu": psu,
        }
    )


@pytest.fixture
def sites(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "study.toml").write_text(study())
    for number, site in enumerate(SITES):
        (tmp_path / site).mkdir()
        people(number).write_parquet(tmp_path / site / f"{site}.parquet")
    return tmp_path


def export(sites, site, **settings):
    return export_cells(sites / "study.toml", sites / f"{site}.cells", sites / site, **settings).path


def bytes_of(run):
    return (run.path / "results.parquet").read_bytes()


def test_cells_of_three_sites__give_the_bytes_of_all_records(sites, monkeypatch):
    model = analysis("logit", name="model", outcome="ill", terms=["sex", "wave"])
    (sites / "study.toml").write_text(study(model))
    files = [export(sites, site) for site in SITES]
    shared = engine.run(sites / "study.toml", cells=files, out=sites / "shared")
    monkeypatch.setattr(records, "FEWEST_ROWS", 1)  # so that the pooled run is made from cells too
    (sites / "all").mkdir()
    for site in SITES:
        (sites / site / f"{site}.parquet").rename(sites / "all" / f"{site}.parquet")
    pooled = engine.run(sites / "study.toml", data=sites / "all", out=sites / "pooled")
    assert bytes_of(shared) == bytes_of(pooled)
    assert {row.analysis for row in shared.rows} == {
        "people",
        "rates",
        "inequality",
        "women",
        "curve",
        "model",
    }
    assert shared.manifest["sample_flow"] == pooled.manifest["sample_flow"]
    assert [one["sha256"] for one in shared.manifest["sources"]] == [file_hash(file) for file in files]


def test_site_where_nobody_meets_a_condition__shares_its_cells(sites):
    """The second site has no women, which one analysis asks for."""
    path = sites / SITES[1] / f"{SITES[1]}.parquet"
    pl.read_parquet(path).with_columns(sex=pl.lit(1)).write_parquet(path)
    shared = engine.run(
        sites / "study.toml", cells=[export(sites, site) for site in SITES], out=sites / "shared"
    )
    women = pl.concat([people(number) for number in range(len(SITES)) if number != 1]).filter(
        pl.col("sex") == 2
    )
    told = {row.n_obs for row in shared.rows if row.analysis == "women"}
    assert told == {len(women)}


def test_no_number_of_few_people__and_no_record_leaves(sites):
    file = export(sites, "north", least=LEAST)
    counted = 0
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if "part.parquet" in name]
        facts = json.loads(archive.read("0/part.json"))
        assert "north" not in json.dumps(facts)
        weights = set(people(0)["weight"])
        for name in archive.namelist():
            if name.endswith(".parquet"):
                answer = pl.read_parquet(archive.read(name))
                for column in {"cell_rows", "rows", "n"} & set(answer.columns):
                    counted += answer.height
                    assert answer[column].min() >= LEAST
                if "largest" in answer.columns:
                    assert not weights & set(answer["largest"])
                    assert answer["marks"].explode().drop_nulls().is_empty()
    assert counted > 50


def test_cell_of_few_people__is_refused_and_nothing_is_written(sites):
    with pytest.raises(DataError, match="cells of fewer than 200 people; expected none"):
        export(sites, "north", least=200)
    assert not [path for path in sites.iterdir() if path.name.endswith((".cells", ".writing"))]


def test_other_file__is_not_replaced(sites):
    (sites / "north.cells").write_text("somebody's notes")
    with pytest.raises(UsageError, match=r"north\.cells: it is another file"):
        export(sites, "north")
    assert (sites / "north.cells").read_text() == "somebody's notes"


def test_threshold_of_the_study__counts_too(sites):
    (sites / "study.toml").write_text(study() + "\n[disclosure]\nthreshold = 200\n")
    with pytest.raises(DataError, match="cells of fewer than 200 people; expected none"):
        export(sites, "north")


def test_sites_of_other_weights__agree_on_a_largest_one(sites):
    heavy = people(1).with_columns(pl.col("weight") * 1000)
    heavy.write_parquet(sites / "middle" / "middle.parquet")
    files = [export(sites, site) for site in SITES]
    with pytest.raises(DataError, match="Give `--largest-weight` the same number at every site"):
        engine.run(sites / "study.toml", cells=files, out=sites / "none")
    files = [export(sites, site, largest_weight=5000.0) for site in SITES]
    assert not engine.run(sites / "study.toml", cells=files, out=sites / "together").failures
    with pytest.raises(DataError, match="found a larger weight; expected none above 5"):
        export(sites, "middle", largest_weight=5.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": [analysis("rif", **RANKED, terms=["sex"])]}, "analysis rif: it needs the records"),
        ({"more": [analysis("rates", name="each", waves="each", outcome="ill")]}, "it sees some waves alone"),
    ],
)
def test_analysis_that_needs_records__is_refused(sites, change, message):
    (sites / "study.toml").write_text(study(*change["more"]))
    with pytest.raises(EstimationError, match=message):
        export(sites, "north")


def test_file_of_another_study__is_refused(sites):
    files = [export(sites, "north")]
    text = (sites / "study.toml").read_text()
    (sites / "study.toml").write_text(text.replace("Income known", "Incomes"))
    with pytest.raises(UsageError, match=r"north\.cells: written for another study"):
        engine.run(sites / "study.toml", cells=files, out=sites / "none")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not whole", b"records"])
def test_damaged_file__is_refused(sites, content):
    (sites / "bad.cells").write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.cells: not a whole file of cells"):
        engine.run(sites / "study.toml", cells=[sites / "bad.cells"], out=sites / "none")


def test_command__writes_and_reads(sites, cli):
    for site in SITES:
        code, out, _ = cli("cells", "study.toml", "--data", site, "--out", f"{site}.cells", "--json")
        assert code == 0
        assert json.loads(out)["least"] == LEAST
    given = [part for site in SITES for part in ("--cells", f"{site}.cells")]
    code, out, error = cli("run", "study.toml", *given, "--out", "run", "--json")
    assert code == 0, error
    assert (sites / "run" / "report.html").exists()
    code, out, error = cli("verify", "run", *given)
    assert code == 0, error
    assert "the same to the last bit" in out
    assert cli("verify", "run", "--cells", "north.cells", "--json")[0] == 13


def test_same_records_twice__are_refused(sites):
    file = export(sites, "north")
    again = export(sites, "north").rename(sites / "copy.cells")
    export(sites, "north")
    with pytest.raises(UsageError, match=r"copy\.cells: records that north\.cells holds too"):
        engine.run(sites / "study.toml", cells=[file, again], out=sites / "none")


def test_other_codes_of_a_level__are_another_study(sites):
    files = [export(sites, "north")]
    text = (sites / "study.toml").read_text()
    (sites / "study.toml").write_text(text.replace("ill = [1]", "ill = [1, 2]"))
    with pytest.raises(UsageError, match="written for another study"):
        engine.run(sites / "study.toml", cells=files, out=sites / "none")


@pytest.mark.parametrize("weight", [-1.0, None, 1e200])
def test_weights_that_cannot_be_added_up__are_refused_where_the_records_are(sites, weight):
    odd = pl.when(pl.int_range(pl.len()) == 0).then(weight).otherwise("weight")
    people(0).with_columns(weight=odd).write_parquet(sites / "north" / "north.parquet")
    with pytest.raises(DataError, match="cannot be added up; expected weights of 0 or more"):
        export(sites, "north")
    assert not (sites / "north.cells").exists()


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 0.0, 1e200])
def test_largest_weight_that_is_none__is_refused(sites, weight):
    with pytest.raises(UsageError, match="expected a number above 0, at most 1e"):
        export(sites, "north", largest_weight=weight)


def test_difference_of_two_analyses__does_not_tell_a_person(sites):
    """All but three people are alike to `where`: the cells of all and of these would tell the three."""
    rule = analysis("rates", name="most", outcome="ill", where="income < 90")
    (sites / "study.toml").write_text(study(rule))
    few = pl.when(pl.int_range(pl.len()) < 3).then(90.0).otherwise("income")
    everyone = people(0)
    everyone.write_parquet(sites / "north" / "north.parquet")
    export(sites, "north", only="most")
    export(sites, "north")
    everyone.with_columns(income=few).write_parquet(sites / "north" / "north.parquet")
    text = (sites / "study.toml").read_text().replace('rank_by = "income"', 'rank_by = "sex"')
    (sites / "study.toml").write_text(text)
    with pytest.raises(DataError, match="cells of one analysis differ by fewer than 5 people"):
        export(sites, "north")


def test_few_missing_values__are_not_the_rest_of_the_rows(sites):
    few = pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("sex")
    people(0).with_columns(sex=few).write_parquet(sites / "north" / "north.parquet")
    with zipfile.ZipFile(export(sites, "north", only="curve")) as archive:
        facts = json.loads(archive.read("0/part.json"))
    assert set(facts["missing"]["sex"].values()) == {facts["rows"]}


def test_cells_of_another_version__are_refused(sites, monkeypatch):
    files = [export(sites, "north")]
    monkeypatch.setitem(shared_cells.VERSIONS, "equirank", "99.0")
    with pytest.raises(UsageError, match=r"written with equirank .*; expected equirank 99\.0, as here"):
        engine.run(sites / "study.toml", cells=files, out=sites / "none")
