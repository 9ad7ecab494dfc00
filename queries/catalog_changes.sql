-- purpose:    the estimates that moved from run to run, as the view `changes` of a catalog
-- reads:      the tables runs and estimates of the catalog
-- parameters:
-- grain:      run after the first, tidy row whose estimate is another than in the run before
-- columns:    run            folder of the run
--             run_before     folder of the run before it
--             analysis       name of the analysis
--             kind           what it computes
--             outcome        outcome
--             rank_by        variable that ranks people
--             wave           wave
--             subgroup       other groups
--             term           covariate
--             level          its level
--             measure        name of the quantity
--             method         how standard error and interval were computed
--             before         the number in the run before
--             after          the number in the run
--             change         their difference
--             in_std_errors  the difference over the standard error before
WITH ordered AS (
    SELECT
        run,
        lag(run) OVER (ORDER BY CAST(run AS BIGINT)) AS run_before
    FROM runs
),
numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY run, analysis, kind, outcome, rank_by, wave, subgroup, term, level, measure, method
            ORDER BY rowid
        ) AS copy
    FROM estimates
)
SELECT
    new.run,
    ordered.run_before,
    new.analysis,
    new.kind,
    new.outcome,
    new.rank_by,
    new.wave,
    new.subgroup,
    new.term,
    new.level,
    new.measure,
    new.method,
    old.estimate AS before,
    new.estimate AS after,
    new.estimate - old.estimate AS change,
    (new.estimate - old.estimate) / nullif(old.std_error, 0) AS in_std_errors
FROM ordered
INNER JOIN numbered AS new ON ordered.run = new.run
INNER JOIN numbered AS old
    ON ordered.run_before = old.run
        AND new.copy = old.copy
        AND new.analysis IS NOT DISTINCT FROM old.analysis
        AND new.kind IS NOT DISTINCT FROM old.kind
        AND new.outcome IS NOT DISTINCT FROM old.outcome
        AND new.rank_by IS NOT DISTINCT FROM old.rank_by
        AND new.wave IS NOT DISTINCT FROM old.wave
        AND new.subgroup IS NOT DISTINCT FROM old.subgroup
        AND new.term IS NOT DISTINCT FROM old.term
        AND new.level IS NOT DISTINCT FROM old.level
        AND new.measure IS NOT DISTINCT FROM old.measure
        AND new.method IS NOT DISTINCT FROM old.method
WHERE new.estimate IS DISTINCT FROM old.estimate
