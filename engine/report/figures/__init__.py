"""Figures: rows and labels in, one frozen figure out; a module each. What a figure is stands in `figure`."""
