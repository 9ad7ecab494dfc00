-- purpose:    how unequal the weights are
-- reads:      the harmonised panel
-- parameters: $panel       list of its Parquet files
--             {condition}  SQL of the sample rules, written from their checked trees
-- grain:      sample
-- columns:    largest  the largest weight
--             total    sum of weights
--             squares  sum of their squares, of those that can be squared
--             n        records with a weight above 0
SELECT
    CAST(max(design__weight) AS DOUBLE) AS largest,
    CAST(sum(design__weight) AS DOUBLE) AS total,
    CAST(sum(design__weight * design__weight) FILTER (WHERE design__weight < 1e150) AS DOUBLE) AS squares,
    CAST(count(*) FILTER (WHERE design__weight > 0) AS BIGINT) AS n
FROM read_parquet($panel)
WHERE {condition}
