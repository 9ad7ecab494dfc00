-- purpose:    write the rows that pass every sample rule
-- reads:      the harmonised panel
-- parameters: $panel       list of its Parquet files
--             $sample      Parquet file to write
--             {condition}  all rules, written out from their checked trees
-- grain:      one row for each record of the panel that is kept, in its order
-- columns:    Count  rows written
COPY (
    SELECT *
    FROM read_parquet($panel)
    WHERE {condition}
) TO $sample (FORMAT parquet, COMPRESSION zstd)
