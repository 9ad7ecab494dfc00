"""Measures of disparity between groups of people, and of inequality between people, as functions of groups."""
