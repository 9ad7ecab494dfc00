"""Throughput on this machine against the programs that people use today; see benchmarks/README.md."""
