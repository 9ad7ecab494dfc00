"""How often 95 % intervals hold the true value: every statistic in every survey design, by simulation."""
