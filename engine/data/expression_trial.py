"""An expression is tried on two rows that nobody gave, in a locked database, before any data are read."""

from __future__ import annotations

from collections.abc import Mapping

from engine.data.expression_tree import ExpressionError, locked_database


def refuse_what_fails(sql: str, columns: Mapping[str, bool], *, is_constant_condition: bool = False) -> None:
    """Run a written expression on a row of missing values and on one of zeros and empty texts.

    Parameters
    ----------
    sql
        The expression, as `engine.data.expressions` wrote it.
    columns
        Quoted name -> whether the column holds text.
    is_constant_condition
        It is a condition without any variable, and must be true.

    Raises
    ------
    ExpressionError
        If the database does not accept it, or it is never true.
    """
    import duckdb

    types = {name: "VARCHAR" if is_text else "DOUBLE" for name, is_text in columns.items()}
    missing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in types.items())
    zeros = ", ".join(
        f"CAST('{0 if kind == 'DOUBLE' else ''}' AS {kind}) AS {name}" for name, kind in types.items()
    )
    rows = f"SELECT {missing} UNION ALL SELECT {zeros}" if types else "SELECT 1"
    with locked_database() as connection:
        try:
            answers = connection.sql(f"SELECT {sql} FROM ({rows})").fetchall()  # noqa: S608
        except duckdb.Error as error:
            found = f"something that cannot be computed ({type(error).__name__})"
            raise ExpressionError(found, "values of the right types", "Correct it.") from None
    if is_constant_condition and answers[0][0] is not True:
        found = "a condition that is never true, whatever the data are"
        raise ExpressionError(found, "a condition on variables", "Correct it.")
