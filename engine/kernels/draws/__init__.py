"""Random multipliers: streams of random numbers, and what replicates draw from them."""
