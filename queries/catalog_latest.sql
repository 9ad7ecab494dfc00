-- purpose:    the estimates of the current run, as the view `latest` of a catalog
-- reads:      the tables runs and estimates of the catalog
-- parameters:
-- grain:      tidy row
-- columns:    run         folder of the run
--             analysis    name of the analysis
--             kind        what it computes
--             outcome     outcome
--             rank_by     variable that ranks people
--             wave        wave
--             subgroup    other groups
--             term        covariate
--             level       its level
--             measure     name of the quantity
--             estimate    the number
--             std_error   standard error
--             conf_low    confidence interval
--             conf_high
--             conf_level
--             p_value     of the test of no effect
--             method      how standard error and interval were computed
--             n_obs       rows it is computed from
--             status      ok, or why the estimate is missing or doubtful
SELECT
    run,
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
    status
FROM estimates
WHERE run = (SELECT max_by(run, CAST(run AS BIGINT)) FROM runs)
