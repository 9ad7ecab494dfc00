-- purpose:    the estimates of all runs of a store
-- reads:      the results of published runs
-- parameters: $runs  list of their Parquet files, in folders named after the run
-- grain:      run, tidy row
-- columns:    run  folder of the run
--             study  name of the study
--             analysis  name of the analysis
--             kind  its kind
--             outcome  what it is about, as the next six
--             rank_by
--             wave
--             subgroup
--             term
--             level
--             measure  name of the quantity
--             estimate  the number
--             std_error  its error
--             conf_low  interval
--             conf_high
--             conf_level
--             p_value  test against 0
--             method  how error and interval were made
--             n_obs  rows behind it
--             n_events
--             n_clusters
--             sum_weights
--             n_replicates  replicates behind it
--             n_failed  undefined ones
--             status  ok, or why the number is missing or doubtful
SELECT
    CAST(parse_path(filename)[-2] AS VARCHAR) AS run,
    study,
    analysis,
    kind,
    outcome,
    rank_by,
    wave,
    subgroup,
    term,
    level,
    measure,
    estimate,
    std_error,
    conf_low,
    conf_high,
    conf_level,
    p_value,
    method,
    n_obs,
    n_events,
    n_clusters,
    sum_weights,
    n_replicates,
    n_failed,
    status
FROM read_parquet($runs, filename = true, file_row_number = true)
ORDER BY run, file_row_number
