"""The sample as arrays: checked, sorted once, cut by group, with its sampling units."""
