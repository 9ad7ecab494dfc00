-- purpose:    rows left after the sample rules so far
-- reads:      the harmonised panel
-- parameters: $panel       list of its Parquet files
--             {condition}  SQL of the rules so far, written from their checked trees
-- grain:      wave
-- columns:    wave  wave, NULL in a study without waves
--             n     rows
SELECT
    CAST(wave AS VARCHAR) AS wave,
    CAST(count(*) AS BIGINT) AS n
FROM read_parquet($panel)
WHERE {condition}
GROUP BY ALL
ORDER BY wave NULLS FIRST
