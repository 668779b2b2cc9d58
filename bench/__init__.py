"""Benchmarks: each is a ratio against a peer in the same run, never a time on its own."""
