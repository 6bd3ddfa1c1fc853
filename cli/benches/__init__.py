"""The benchmarks. Each module here that has a `command` is one."""
