-- purpose:    how many values each variable of the panel has, and why the others are missing
-- reads:      the harmonised panel, each column once
-- parameters: $panel    list of its Parquet files
--             $pattern  regular expression of the columns that hold the kind of missing
-- grain:      variable
-- columns:    variable  name of the kind column, '<variable>__missing'
--             n         kind -> rows: 0 value, 1 blank, 2 missing code, 3 skipped, 4 not sure, 255 not understood
SELECT
    CAST(variable AS VARCHAR) AS variable,
    n
FROM (
    UNPIVOT (SELECT histogram(COLUMNS($pattern)) AS "\0" FROM read_parquet($panel))
    ON COLUMNS(*) INTO NAME variable VALUE n
)
ORDER BY variable
