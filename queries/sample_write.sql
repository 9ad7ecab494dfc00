-- purpose:    write the rows that pass every sample rule
-- reads:      the harmonised panel
-- parameters: $panel       list of its Parquet files
--             $sample      Parquet file to write
--             {condition}  SQL of all rules, written from their checked trees
-- grain:      record of the panel that is kept, in the order of the panel
-- columns:    Count  rows written
COPY (
    SELECT *
    FROM read_parquet($panel)
    WHERE {condition}
) TO $sample (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)
