"""Throughput on this machine against what people use today; see benchmarks/README.md."""
