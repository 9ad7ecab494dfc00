"""Measures of disparity between groups and of inequality between people, as functions of groups."""
