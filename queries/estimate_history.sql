-- purpose:    one estimate of a study over its runs
-- reads:      the results of published runs
-- parameters: $runs      list of their Parquet files, in folders named after the run
--             $analysis  name of the analysis
--             $measure   name of the quantity
--             $about     name of a wave, subgroup, outcome, term or level; NULL for any
-- grain:      run, tidy row
-- columns:    run        folder of the run
--             about      wave, subgroup, outcome, term and level as one text
--             method     how standard error and interval were computed
--             estimate   the number
--             std_error  standard error
--             conf_low   confidence interval
--             conf_high
--             n_obs      rows it is computed from
SELECT
    CAST(parse_path(filename)[-2] AS VARCHAR) AS run,
    concat_ws(', ', wave, subgroup, outcome, term, level) AS about,
    method,
    estimate,
    std_error,
    conf_low,
    conf_high,
    n_obs
FROM read_parquet($runs, filename = true, file_row_number = true)
WHERE
    analysis = $analysis
    AND measure = $measure
    AND ($about IS NULL OR list_contains([wave, subgroup, outcome, term, level], $about))
ORDER BY run, file_row_number
