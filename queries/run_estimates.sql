-- purpose:    the estimates of all runs of a store
-- reads:      the results of published runs
-- parameters: $runs  list of their Parquet files, in folders named after the run
-- grain:      run, tidy row
-- columns:    run  folder of the run
--             study  name of the study
--             analysis  name of the analysis
--             kind  kind of the analysis
--             outcome  what the estimate is about, with the next five
--             rank_by
--             wave
--             subgroup
--             term
--             level
--             measure  name of the quantity
--             estimate  the number
--             std_error  standard error
--             conf_low  confidence interval
--             conf_high
--             conf_level
--             p_value  test against 0
--             method  how standard error and interval were computed
--             n_obs  rows it is computed from
--             n_events
--             n_clusters
--             sum_weights
--             n_replicates  replicates of the standard error
--             n_failed  replicates in which it is undefined
--             status  ok, or why the estimate is missing or doubtful
--             df1  degrees of freedom of a chi-square, or the first of an F
--             df2  degrees of freedom of Student's t, or the second of an F
--             parameter  of an index or measure that has one
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
    status,
    df1,
    df2,
    parameter
FROM read_parquet($runs, filename = true, file_row_number = true)
ORDER BY run, file_row_number
