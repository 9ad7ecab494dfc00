-- purpose:    the values of one derived variable
-- reads:      records of a part, as far as the expression names their variables
-- parameters: $records      their Parquet file
--             {expression}  SQL of the variable, written from its checked tree
-- grain:      record, in the order of the file
-- columns:    value  the value, NULL where it is missing
SELECT {expression} AS value
FROM read_parquet($records)
