"""The nightly store: which files and tasks are stale, reading, computing, publishing."""
