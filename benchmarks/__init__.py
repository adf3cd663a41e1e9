"""Benchmarks of vibe_jupyter, each figure beside a control that was measured in the same run.

`python -m benchmarks` runs all of them, `python -m benchmarks reads drain` some, `--quick` with short rounds.
A full run writes `RESULTS.md` and `results.json` beside this file.
"""
