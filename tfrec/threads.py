"""Threads of the linear algebra under NumPy and SciPy."""

import contextlib
from collections.abc import Iterator

from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Context whose linear algebra takes one thread. Also a decorator.

    A second thread is waited for at each of the thousands of small steps that a
    decomposition or a regression takes. Where other programs keep the processors busy,
    waiting takes up to ten times the work's processor time.
    """
    with threadpool_limits(1, "blas"):
        yield
