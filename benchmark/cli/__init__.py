"""The command line of the benchmark, `python -m benchmark`: one small file per group of verbs."""
