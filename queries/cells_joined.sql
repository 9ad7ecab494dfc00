-- purpose:    the cells of several files of records together
-- reads:      answers to cells.sql, one a file
-- parameters: $answers  list of their Parquet files
-- grain:      cell, sorted by its key
-- columns:    wave              the columns of the cells' key
--             cell_rows         rows
--             cell_weight_high  sums as in cells.sql, but for the lower halves, which may be above 2^40 here
--             cell_weight_low
--             cell_square_high
--             cell_square_low
SELECT
    * EXCLUDE (cell_rows, cell_weight_high, cell_weight_low, cell_square_high, cell_square_low),
    CAST(sum(cell_rows) AS BIGINT) AS cell_rows,
    CAST(sum(cell_weight_high) AS BIGINT) AS cell_weight_high,
    CAST(sum(cell_weight_low) AS BIGINT) AS cell_weight_low,
    CAST(sum(cell_square_high) AS BIGINT) AS cell_square_high,
    CAST(sum(cell_square_low) AS BIGINT) AS cell_square_low
FROM read_parquet($answers)
GROUP BY ALL
ORDER BY ALL
