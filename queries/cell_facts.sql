-- purpose:    what decides whether a sample is read as cells
-- reads:      the files of a sample
-- parameters: $panel       list of its Parquet files
--             {condition}  SQL of all rules, written from their checked trees
--             {keys}       SQL of the columns in which the rows of a cell are alike, and of their weight
-- grain:      the sample
-- columns:    sample_rows  rows
--             unusable     rows whose weight is missing, infinite or negative
--             largest      largest weight
--             cells        about how many cells there are, the same for any order of the rows
SELECT
    CAST(count(*) AS BIGINT) AS sample_rows,
    CAST(count(*) FILTER (cell_weight IS NULL OR NOT isfinite(cell_weight) OR cell_weight < 0) AS BIGINT) AS unusable,
    CAST(max(cell_weight) AS DOUBLE) AS largest,
    CAST(approx_count_distinct(hash(*COLUMNS(* EXCLUDE (cell_weight)))) AS BIGINT) AS cells
FROM (
    SELECT {keys}
    FROM read_parquet($panel)
    WHERE {condition}
)
