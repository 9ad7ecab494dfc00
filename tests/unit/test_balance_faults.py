"""What a balance refuses: at `check` what the study file shows, at the run what the records show."""

import polars as pl
import pytest

import engine
from engine.batch.check import check_study
from engine.batch.plan import make_plan
from engine.errors import DataError, StudyError, UsageError
from engine.report.balance_table import balance_tables
from engine.report.methods_text import methods_text
from engine.report.words.tables import translated
from tests.study_texts import analysis, event, factor, study_text

FEW = pl.DataFrame(
    {
        "psu": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
        "w": [2.0, 3.0, 1.0, 2.0, 4.0, 1.0, 2.0, 3.0, 2.0, 2.0],
        "sex": [*"fmfmffmmfm"],
        "area": [*"nnssnsnsnn"],
        "size": [1.0, 2.0, 4.0, 3.0, 2.0, 5.0, 1.0, 2.0, 3.0, 4.0],
        "ill": [0, 1, 0, 1, 1, 0, 0, 1, 1, 0],
    }
)
FRAME = pl.concat(
    FEW.with_columns(size=pl.col("size") + k * (pl.col("psu") % 3), psu=pl.col("psu") + 5 * k)
    for k in range(4)
)
SOUND = {"by": "area", "variables": ["sex"]}


def study(folder, balance=SOUND, *, analyses=None, frame=FRAME, design=None, areas=None):
    frame.write_parquet(folder / "people.parquet")
    path = folder / "study.toml"
    path.write_text(
        study_text(
            source="people.parquet",
            design={"weight": "w", "cluster": "psu", "balance": balance, **(design or {})},
            variables={
                "ill": event("yes", no=[0], yes=[1]),
                "sex": factor(f=["f"], m=["m"]),
                "area": factor(**(areas or {"n": ["n"], "s": ["s"]})),
                "size": {"label": "Size"},
                "big": {"from": "size", "quantiles": ["small", "big"]},
            },
            analyses=analyses or [analysis("describe", variables="sex")],
        )
    )
    return path


RAKING = {"method": "raking", "margins": [{"by": "sex", "totals": {"f": 6, "m": 4}}]}
STATIC = {
    "unknown group": ({"by": "aria", "variables": ["sex"]}, {}, "by", "'aria'"),
    "number as group": ({"by": "size", "variables": ["sex"]}, {}, "by", "'size', which is a number"),
    "no waves": ({"by": "wave", "variables": ["sex"]}, {}, "by", "'wave'"),
    "unknown level": ({**SOUND, "to": "x"}, {}, "to", "'x', which is no level of area"),
    "level of two meanings": (
        {**SOUND, "to": "all"},
        {"levels": {"all": ["n"], "s": ["s"]}},
        "to",
        "'all', which is a level of area and means all groups together",
    ),
    "unknown covariate": ({"by": "area", "variables": ["sx"]}, {}, "variables", "'sx'"),
    "made with weights": ({"by": "area", "variables": ["big"]}, {}, "variables", "made with the weights"),
    "the group itself": ({"by": "area", "variables": ["area"]}, {}, "variables", "stands under by"),
    "no covariates": ({"by": "area", "variables": []}, {}, "variables", ""),
    "two adjustments": (SOUND, {"calibration": RAKING}, "", "each would undo the other"),
}


@pytest.mark.parametrize("case", STATIC)
def test_check__names_place_and_finding(tmp_path, case):
    balance, design, place, found = STATIC[case]
    levels = design.pop("levels", None) if (design := dict(design)) else None
    with pytest.raises(StudyError) as caught:
        engine.load_study(study(tmp_path, balance, design=design, areas=levels))
    faults = {fault.place: fault for fault in caught.value.faults}
    fault = faults[f"design.balance{'.' if place else ''}{place}"]
    assert found in fault.found
    assert fault.remedy


def test_check__needs_a_weight(tmp_path):
    path = study(tmp_path)
    path.write_text(path.read_text().replace('weight = "w"\n', ""))
    with pytest.raises(StudyError, match=r"design\.balance: found no design\.weight"):
        engine.load_study(path)


def test_check__refuses_errors_that_would_leave_the_balance_out(tmp_path):
    asked = {"outcome": "ill", "rank_by": "size", "bootstrap": {"interval": "bca"}}
    with pytest.raises(StudyError, match=r"'bca' with design\.balance"):
        engine.load_study(study(tmp_path, analyses=[analysis("concentration", **asked)]))


def test_check__finds_a_condition_that_is_none(tmp_path):
    assert "design.balance.where" in str(check_study(study(tmp_path, {**SOUND, "where": "siz > 1"})))


ONLY_N = FRAME.filter(pl.col("area") == "n")
NO_MEN_IN_S = FRAME.filter((pl.col("area") == "n") | (pl.col("sex") == "f"))
APART = FRAME.with_columns(size=pl.col("size") + 90 * (pl.col("area") == "s"))
OF_RECORDS = {
    "nobody": ({**SOUND, "where": "size > 9000"}, FRAME, "nobody with a weight"),
    "no reference": (
        {**SOUND, "to": "s"},
        ONLY_N.vstack(FRAME.filter(pl.col("area") == "x")),
        "nobody in area = s",
    ),
    "no such people": (SOUND, NO_MEN_IN_S, "nobody with sex = m in s"),
    "missing": (SOUND, FRAME.with_columns(sex=pl.when(pl.col("psu") > 1).then(pl.col("sex"))), "without sex"),
    "apart": ({"by": "area", "variables": ["size"], "to": "n"}, APART, "no weights balance"),
    "apart, ipw": (
        {"by": "area", "variables": ["size"], "method": "ipw"},
        APART,
        "no weights balance",
    ),
}


@pytest.mark.parametrize("case", OF_RECORDS)
def test_run__names_what_the_records_cannot_balance(tmp_path, case):
    balance, frame, found = OF_RECORDS[case]
    with pytest.raises(DataError, match=r"design\.balance") as caught:
        engine.run(study(tmp_path, balance, frame=frame), out=tmp_path / "run")
    assert found in str(caught.value)


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_single_group__keeps_its_weights(tmp_path, method):
    """The first wave of a store has nothing to be balanced with yet."""
    engine.run(study(tmp_path, {**SOUND, "method": method}, frame=ONLY_N), out=tmp_path / "run")
    told = engine.read_run(tmp_path / "run").manifest["balance"]
    assert (told["smallest_factor"], told["largest_factor"]) == (1.0, 1.0)
    assert told["largest_difference"] == [0.0, 0.0]


def test_plan_manifest_table_and_methods__tell_of_the_balance(tmp_path):
    path = study(tmp_path, {"by": "area", "variables": ["sex", "size"], "to": "n"})
    assert make_plan(path).weights == (
        "entropy balance of sex, size by area, to n; so every analysis reads the records, none reads cells"
    )
    engine.run(path, out=tmp_path / "run")
    run = engine.read_run(tmp_path / "run")
    told = run.manifest["balance"]
    before, after = told["largest_difference"]
    assert before > 0.1
    assert after < 1e-10
    sizes = {one["group"]: (one["before"], one["after"]) for one in told["effective_sizes"]}
    assert sizes["n"][0] == sizes["n"][1]
    assert sizes["s"][0] > sizes["s"][1]
    (table,) = balance_tables(run.manifest, {"size": "Size"})
    assert table.title == "Balance: standardised differences from n"
    assert [row[0] for row in table.rows] == ["sex: f", "sex: m", "Size", "effective size"]
    assert translated(table, "zh").title == "平衡：与n的标准化差"
    (imputed,) = balance_tables({**run.manifest, "imputations": {"m": 3}}, {})
    assert translated(imputed, "zh").notes == ("差异与样本量以第一次插补为准。",)
    for language, said in (
        ("en", "the levels of area have the sex, size of n, by entropy balancing"),
        ("zh", "经熵平衡调整"),
    ):
        assert said in " ".join(methods_text(run.manifest, [], {}, language)[0])


def test_disclosure_control__withholds_what_tells_of_groups(tmp_path):
    from engine.disclosure.manifest_counts import manifest_counts, protected_manifest

    engine.run(study(tmp_path), out=tmp_path / "run")
    manifest = engine.read_run(tmp_path / "run").manifest
    protected = protected_manifest(manifest, manifest_counts(manifest, 10), set(), 10)
    assert protected["balance"]["differences"] == protected["balance"]["effective_sizes"] == []


REPLICATED = FRAME.with_columns(rw_1=pl.col("w") * 2, rw_2=pl.col("w") * (1 + pl.col("psu") % 2))


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_function__gives_the_weights_of_the_study(tmp_path, method):
    from engine.batch.weights_export import export_weights

    balance = {"by": "area", "variables": ["sex", "size"], "method": method}
    export_weights(study(tmp_path, balance), tmp_path / "w.parquet", method="jackknife")
    exported = pl.read_parquet(tmp_path / "w.parquet")
    made = engine.balance_weights(REPLICATED, "w", "rw_*", "area", ["sex", "size"], method=method)
    assert made.frame["w"].sort().to_list() == pytest.approx(exported["weight"].sort().to_list(), rel=1e-9)
    doubled = made.frame["rw_1"] / made.frame["w"]
    assert doubled.to_list() == pytest.approx([2.0] * 40, rel=1e-9)
    assert made.differences["before"].abs().max() > 0.1
    if method == "entropy":
        assert made.differences["after"].abs().max() < 1e-10
    assert made.effective_sizes["group"].to_list() == ["n", "s"]
    assert "BalanceResult" in repr(made)


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_function__does_not_depend_on_units(method):
    """A covariate whose squares are 0 was left out, and sizes of tiny or huge weights were no numbers."""
    asked = ("w", "rw_*", "area", ["sex", "size"])
    found = engine.balance_weights(REPLICATED, *asked, method=method)
    for weight, size in ((2.0**900, 2.0**-700), (2.0**-900, 2.0**700)):
        moved = REPLICATED.with_columns(pl.col("w") * weight, size=pl.col("size") * size)
        other = engine.balance_weights(moved, *asked, method=method)
        for told in ("differences", "effective_sizes"):
            first, second = (getattr(one, told)["before"].to_list() for one in (found, other))
            assert second == pytest.approx(first, rel=1e-12)
        ratio = other.frame["w"] / weight / found.frame["w"]
        assert ratio.to_list() == pytest.approx([1.0] * 40, rel=1e-9)


@pytest.mark.parametrize("method", ["entropy", "ipw", "linear", "raking"])
def test_functions__have_the_same_bits_in_any_order_of_rows(method):
    people = (
        pl.concat([REPLICATED] * 9).with_row_index("id").with_columns(w=0.1 + (7 * pl.col("id") % 97) / 31)
    )

    def adjusted(frame):
        if method in ("entropy", "ipw"):
            return engine.balance_weights(frame, "w", "rw_*", "area", "sex", method=method).frame
        return engine.calibrate_weights(frame, "w", "rw_*", {"sex": {"f": 50, "m": 70}}, method=method)

    mixed = people.sample(fraction=1.0, shuffle=True, seed=5)
    assert adjusted(mixed).sort("id").equals(adjusted(people))


WITH_GAPS = REPLICATED.with_columns(size=pl.when(pl.col("area") == "n").then("size").otherwise(float("nan")))


NAMES = pl.concat([REPLICATED] * 3).with_columns(name=pl.format("Ann {}", pl.int_range(pl.len())))


def test_function__refuses_what_it_cannot_do():
    calls = (
        ({"method": "cbps"}, UsageError, "'entropy' or 'ipw'"),
        ({"variables": []}, UsageError, "found none"),
        ({"variables": "sx"}, DataError, "no column 'sx'"),
        ({"by": "aria"}, DataError, r"by: no column 'aria'.*'area'"),
        ({"variables": ["sex", "sex"]}, UsageError, "variables 'sex': found it twice"),
        ({"variables": "area"}, UsageError, "by 'area': found it twice"),
        ({"frame": REPLICATED.with_columns(sex=pl.concat_list("sex"))}, DataError, "found List"),
        (
            {"frame": WITH_GAPS, "variables": ["sex", "size"]},
            DataError,
            "'size': found 16 rows without a fin",
        ),
        ({"to": "x"}, DataError, "nobody in area = x"),
        ({"frame": NAMES, "variables": "name"}, DataError, "nobody of 120 of the 120 levels of name in some"),
        ({"frame": NO_MEN_IN_S.with_columns(rw_1="w")}, DataError, "nobody with sex = m in s"),
        ({"frame": APART.with_columns(rw_1="w"), "variables": "size"}, DataError, "no factors that balance"),
    )
    sound = {
        "frame": REPLICATED,
        "weight": "w",
        "replicate_weights": "rw_*",
        "by": "area",
        "variables": "sex",
    }
    for changed, error, found in calls:
        with pytest.raises(error, match=found):
            engine.balance_weights(**{**sound, **changed})
