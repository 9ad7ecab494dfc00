"""Accuracy on this machine: every number against certified values, exact arithmetic and another engine."""
