"""Replicates: how they are drawn, batch after batch, and the standard errors and intervals made from them."""
