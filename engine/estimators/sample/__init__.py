"""The sample as arrays: checked, sorted once, split by group, with its sampling units."""
