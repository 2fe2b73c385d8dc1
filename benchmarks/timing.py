"""How long a call takes, for all benchmarks of single calls."""

import time

import numpy as np

WARM_UP = 20  # calls before the first that counts


def percentiles(call, runs):
    """`[p50, p99]` in milliseconds of a function that is called `runs` times."""
    for _ in range(WARM_UP):
        call()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return np.percentile(seconds, [50, 99]) * 1e3
