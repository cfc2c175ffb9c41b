"""Benchmarks: ``python -m perf``."""
