"""Each query says in its header what it reads, takes and gives; the header is compared with the query."""

import re

import polars as pl
import pytest

from engine.data import queries
from engine.results import TidyRow, to_frame

FILES = sorted(queries.query_folder().glob("*.sql"))
FIELDS = ("purpose", "reads", "parameters", "grain", "columns")


def header(path):
    """Field -> its lines."""
    found, field = {}, None
    for line in path.read_text().splitlines():
        if not line.startswith("--"):
            break
        text = line[2:]
        if match := re.match(r" (\w+): *(.*)", text):
            field = match[1]
            found[field] = [match[2].strip()]
        else:
            found[field].append(text.strip())
    return found


@pytest.fixture
def panel(tmp_path):
    path = tmp_path / "part.parquet"
    pl.DataFrame(
        {"wave": ["1", "2"], "age": [20.0, None], "age__missing": [0, 1], "design__weight": [1.0, 2.0]}
    ).write_parquet(path)
    return [str(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_header__is_complete_and_names_every_parameter(path):
    told = header(path)
    assert tuple(told) == FIELDS
    statement = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("--"))
    used = set(re.findall(r"\$\w+|\{\w+\}", statement))
    assert used == {line.split()[0] for line in told["parameters"] if line}
    assert statement.count(";") == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_header__names_the_columns_that_come_out(path, panel, tmp_path):
    run = tmp_path / "000001" / "results.parquet"
    run.parent.mkdir()
    to_frame([TidyRow(measure="standard", analysis="a", estimate=0.5)]).write_parquet(run)
    params = {
        "panel": panel,
        "records": panel[0],
        "pattern": ".*__missing",
        "sample": str(tmp_path / "sample.parquet"),
        "runs": [str(run)],
        "analysis": "a",
        "measure": "standard",
        "about": None,
        "scale": 2.0**60,
        "answers": [str(tmp_path / "cells.parquet")],
    }
    used = {name: value for name, value in params.items() if f"${name}" in path.read_text()}
    with queries.database() as connection:
        if path.stem == "cells_joined":
            keys = "wave, 1.0 AS cell_weight"
            of_file = queries.frame(connection, "cells", {"panel": panel, "scale": 2.0**60}, "TRUE", keys)
            of_file.write_parquet(tmp_path / "cells.parquet")
        if path.stem.startswith("catalog_"):
            connection.sql(queries.query_text("run_estimates"), params={"runs": [str(run)]}).create(
                "estimates"
            )
            connection.sql("SELECT DISTINCT run FROM estimates").create("runs")
        if path.stem.startswith("exact_"):
            connection.sql("SELECT 1 AS id, 2 AS rank, 3 AS outcome, 1 AS weight").create("people")
        relation = connection.sql(
            queries.query_text(path.stem, "TRUE", "wave, 1.0 AS cell_weight"), params=used
        )
        columns = relation.columns if relation is not None else ["Count"]
    assert columns == [line.split()[0] for line in header(path)["columns"]]


def test_sample_rules__agree_with_polars(panel):
    """Two engines, one answer: DuckDB's count of a rule and Polars' own."""
    from engine.data.expressions import RuleColumn, check_rule

    columns = {"age": RuleColumn(is_factor=False), "wave": RuleColumn(is_factor=True)}
    rules = {
        "age IS NULL": pl.col("age").is_null(),
        "age >= 20 OR wave = '2'": (pl.col("age") >= 20) | (pl.col("wave") == "2"),
        "NOT (wave IN ('2', '3'))": ~pl.col("wave").is_in(["2", "3"]),
        "wave > 1": pl.col("wave").cast(pl.Float64) > 1,
    }
    frame = pl.read_parquet(panel[0])
    with queries.database() as connection:
        for rule, expression in rules.items():
            sql = check_rule("rule", rule, columns)
            counts = queries.rows(connection, "sample_flow", {"panel": panel}, sql)
            assert sum(n for _, n in counts) == frame.filter(expression).height, rule


def test_errors__never_show_a_value(tmp_path):
    from engine.errors import DataError

    path = tmp_path / "broken.parquet"
    path.write_bytes(b"SECRET-VALUE")
    with pytest.raises(DataError) as caught, queries.database() as connection:
        queries.rows(connection, "panel_missing", {"panel": [str(path)], "pattern": ".*"})
    assert "SECRET" not in str(caught.value)
