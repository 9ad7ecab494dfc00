"""The SQL of the project: one statement a file, values by $name, run in a locked in-memory DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import DataError, Fault, NoMemoryError

if TYPE_CHECKING:
    import duckdb
    import polars as pl

MEMORY_LIMIT = "2GB"  # with less, cells of 54 million rows are spilt to disk and take twice as long
# The queries need no extension: nothing is downloaded or loaded while they run.
SWITCHED_OFF = ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions")


def query_folder() -> Path:
    """Return the folder of the queries: inside the wheel, or at the top of a checkout."""
    package = Path(str(resources.files("engine")))
    inside = package / "queries"
    return inside if inside.is_dir() else package.parent / "queries"


def query_text(name: str, condition: str | None = None, keys: str | None = None) -> str:
    """Return a query.

    `condition` is SQL that `engine.data.expressions` wrote, a condition or a value; `keys` are the columns of
    `engine.data.cells`.
    """
    text = (query_folder() / f"{name}.sql").read_text(encoding="utf-8")
    if keys is not None:
        text = text.replace("SELECT {keys}", f"SELECT {keys}")
    if condition is None:
        return text
    for before, place in (("WHERE", "{condition}"), ("SELECT", "{expression}")):
        text = text.replace(f"{before} {place}", f"{before} {condition}")
    return text


_kept: ContextVar[ExitStack | None] = ContextVar("_kept", default=None)
_open: ContextVar[duckdb.DuckDBPyConnection | None] = ContextVar("_open", default=None)


@contextmanager
def kept_database() -> Iterator[None]:
    """Let the queries of a block share a database, where they leave the threads to it.

    For the process of one file: to open a database takes 20 ms. The queries leave nothing in it for others.
    """
    with ExitStack() as stack:
        tokens = _kept.set(stack), _open.set(None)
        try:
            yield
        finally:
            _kept.reset(tokens[0])
            _open.reset(tokens[1])


@contextmanager
def database(threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that spills into a private folder and never shows a value in an error.

    Raises
    ------
    NoMemoryError
        If a query needs more memory than there is.
    DataError
        If it fails otherwise.
    """
    import duckdb

    with ExitStack() as own:
        kept = _kept.get() if threads is None else None
        connection = _open.get() if kept is not None else None
        if connection is None:
            connection = _opened(own if kept is None else kept, threads)
        if kept is not None:
            _open.set(connection)
        try:
            yield connection
        except duckdb.OutOfMemoryException:
            found, expected = "a query got no more", "room for its cells, on the disk too"
            raise NoMemoryError(Fault("memory", found, expected, NoMemoryError.REMEDY)) from None
        except duckdb.Error as error:
            # DuckDB's message can quote the row at fault.
            raise DataError(
                Fault(
                    "database",
                    f"a query stopped with {type(error).__name__}",
                    "a query that runs on the harmonised panel",
                    "Is there room on the disk, and is the panel's cache folder untouched?",
                )
            ) from None


def _opened(stack: ExitStack, threads: int | None) -> duckdb.DuckDBPyConnection:
    """Return a locked database that lives as long as a stack."""
    import tempfile

    import duckdb

    spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="equirank-"))
    connection = stack.enter_context(duckdb.connect())
    connection.sql("SET temp_directory = $folder", params={"folder": spill})
    connection.sql(f"SET memory_limit = '{MEMORY_LIMIT}'")
    for setting in SWITCHED_OFF:
        connection.sql(f"SET {setting} = false")
    if threads:
        connection.sql("SET threads = $threads", params={"threads": threads})
    connection.sql("SET lock_configuration = true")
    return connection


def rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    params: Mapping[str, Any],
    condition: str | None = None,
    keys: str | None = None,
) -> list[tuple[Any, ...]]:
    """Run a query and return its rows."""
    relation = connection.sql(query_text(name, condition, keys), params=dict(params))
    return [] if relation is None else relation.fetchall()


def frame(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    params: Mapping[str, Any],
    condition: str | None = None,
    keys: str | None = None,
) -> pl.DataFrame:
    """Run a query and return its result as a frame."""
    result: pl.DataFrame = connection.sql(query_text(name, condition, keys), params=dict(params)).pl()
    return result
