-- purpose:    how many values each variable of the panel has, and why the others are missing
-- reads:      the harmonised panel
-- parameters: $panel    list of its Parquet files
--             $pattern  regular expression of the columns that hold the kind of missing
-- grain:      variable, kind
-- columns:    variable  name of the kind column, '<variable>__missing'
--             kind      0 value, 1 blank, 2 missing code, 3 skipped, 4 not sure, 255 not understood
--             n         rows
SELECT
    CAST(variable AS VARCHAR) AS variable,
    CAST(kind AS INTEGER) AS kind,
    CAST(count(*) AS BIGINT) AS n
FROM (
    UNPIVOT (SELECT COLUMNS($pattern) FROM read_parquet($panel))
    ON COLUMNS(*) INTO NAME variable VALUE kind
)
GROUP BY ALL
ORDER BY variable, kind
