"""Replicates: what is drawn, batch after batch, and the intervals that come of it."""
