-- purpose:    rows that are alike in all that a statistic looks at, with their number and weights
-- reads:      the files of a sample
-- parameters: $panel       list of its Parquet files
--             $scale       what a weight is multiplied by to become a whole number, a power of 2
--             {condition}  SQL of all rules, written from their checked trees
--             {keys}       SQL of the columns in which the rows of a cell are alike, and of their weight
-- grain:      cell, sorted by its key
-- columns:    wave              the columns of {keys}
--             cell_rows         rows
--             cell_weight_high  sum of their weights times $scale, a whole number: what is above 2^40, over 2^40
--             cell_weight_low   what is below 2^40
--             cell_square_high  sum of their squared weights, likewise, times the square of $scale and 2^-62
--             cell_square_low
SELECT
    * EXCLUDE (cell_weights, cell_squares),
    -- A sum of whole numbers is the same for any order of the rows. Both halves fit a double.
    CAST(cell_weights >> 40 AS BIGINT) AS cell_weight_high,
    CAST(cell_weights & ((CAST(1 AS HUGEINT) << 40) - 1) AS BIGINT) AS cell_weight_low,
    CAST(cell_squares >> 40 AS BIGINT) AS cell_square_high,
    CAST(cell_squares & ((CAST(1 AS HUGEINT) << 40) - 1) AS BIGINT) AS cell_square_low
FROM (
    SELECT
        * EXCLUDE (cell_weight),
        CAST(count(*) AS BIGINT) AS cell_rows,
        CAST(sum(CAST(cell_weight * $scale AS BIGINT)) AS HUGEINT) AS cell_weights,
        CAST(
            sum(CAST((cell_weight * $scale) * (cell_weight * $scale) * power(2, -62) AS BIGINT)) AS HUGEINT
        ) AS cell_squares
    FROM (
        SELECT {keys}
        FROM read_parquet($panel)
        WHERE {condition}
    )
    WHERE cell_weight > 0
    GROUP BY ALL
)
ORDER BY ALL
