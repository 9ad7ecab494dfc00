-- purpose:    the sums behind mean and generalized index with their errors, in whole numbers of 128 bits
-- reads:      the table people with whole numbers rank, outcome, weight, and a number id of each row
-- parameters:
-- grain:      one row
-- columns:    n                rows
--             W                sum of weights
--             T                sum of weight times outcome
--             area             sum of weight times outcome times twice the weight below, ties by half
--             of_index         sum of what each row adds to the generalized index, times W^3
--             of_mean          sum of what each row adds to the mean, times W^2
--             index_squares    sum of squares of the first
--             mean_squares     sum of squares of the second
--             products         sum of their products
WITH pairs AS (
    SELECT
        one.id,
        CAST(sum(CASE WHEN other.rank < one.rank THEN 2 WHEN other.rank = one.rank THEN 1 ELSE 0 END
            * other.weight) AS HUGEINT) AS below,
        CAST(sum(CASE WHEN one.rank < other.rank THEN 2 WHEN other.rank = one.rank THEN 1 ELSE 0 END
            * other.weight * other.outcome) AS HUGEINT) AS amount
    FROM people AS one
    CROSS JOIN people AS other
    GROUP BY one.id
),
totals AS (
    SELECT
        CAST(sum(weight) AS HUGEINT) AS W,
        CAST(sum(weight * outcome) AS HUGEINT) AS T,
        CAST(sum(weight * outcome * pairs.below) AS HUGEINT) AS area
    FROM people
    JOIN pairs USING (id)
),
added AS (
    SELECT
        weight * ((outcome * pairs.below + pairs.amount) * W - 2 * area - outcome * W * W + T * W) AS to_index,
        weight * (outcome * W - T) AS to_mean
    FROM people
    JOIN pairs USING (id)
    CROSS JOIN totals
)
SELECT
    count(*) AS n,
    any_value(W) AS W,
    any_value(T) AS T,
    any_value(area) AS area,
    sum(to_index) AS of_index,
    sum(to_mean) AS of_mean,
    sum(to_index * to_index) AS index_squares,
    sum(to_mean * to_mean) AS mean_squares,
    sum(to_index * to_mean) AS products
FROM added
CROSS JOIN totals
