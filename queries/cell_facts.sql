-- purpose:    what decides whether a sample is read as cells
-- reads:      a file of records
-- parameters: $panel       list of its Parquet files
--             {condition}  SQL of all rules, written from their checked trees
--             {keys}       SQL of the columns in which the rows of a cell are alike, and of their weight
-- grain:      the file
-- columns:    sample_rows  rows
--             unusable     rows whose weight is missing, infinite or negative
--             largest      largest weight
--             marks        hashes of one cell in 64, so that the cells of several files can be counted
SELECT
    sample_rows,
    unusable,
    largest,
    marks
FROM (
    SELECT
        CAST(count(*) AS BIGINT) AS sample_rows,
        CAST(count(*) FILTER (cell_weight IS NULL OR NOT isfinite(cell_weight) OR cell_weight < 0) AS BIGINT) AS unusable,
        CAST(max(cell_weight) AS DOUBLE) AS largest
    FROM (
        SELECT {keys}
        FROM read_parquet($panel)
        WHERE {condition}
    )
)
-- To find the distinct marks in a reading of their own takes a third of the time of one aggregate over all rows.
CROSS JOIN (
    SELECT list(cell) AS marks
    FROM (
        SELECT DISTINCT cell
        FROM (
            SELECT hash(*COLUMNS(* EXCLUDE (cell_weight))) AS cell
            FROM (
                SELECT {keys}
                FROM read_parquet($panel)
                WHERE {condition}
            )
        )
        WHERE cell % 64 = 0
    )
)
