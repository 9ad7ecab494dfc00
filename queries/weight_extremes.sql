-- purpose:    whether one record has most of the weight
-- reads:      the harmonised panel
-- parameters: $panel       list of its Parquet files
--             {condition}  SQL of the sample rules, written from their checked trees
-- grain:      sample
-- columns:    largest  the largest weight
--             total    sum of weights
SELECT
    CAST(max(design__weight) AS DOUBLE) AS largest,
    CAST(sum(design__weight) AS DOUBLE) AS total
FROM read_parquet($panel)
WHERE {condition}
