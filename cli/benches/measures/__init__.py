"""What the benchmarks of `cli.benches` measure, and with what."""
