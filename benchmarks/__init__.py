"""Throughput against peers; see README.md."""
