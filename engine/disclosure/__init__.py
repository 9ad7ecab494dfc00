"""Between results and everything that is written: no number of few people leaves, nor can be computed."""
