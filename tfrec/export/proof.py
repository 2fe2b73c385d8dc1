"""Proof that a saved model answers alike in a process that never saw tfrec."""

import pathlib
import pickle
import subprocess
import sys
import tempfile

import numpy as np

from tfrec.errors import ArtefactError
from tfrec.export.warmup import fill_defaults

RTOL, ATOL = 1e-5, 1e-6  # of floats; all else must be equal
NUM_SHOWN = 3
NUM_LINES = 12  # of a failed process' last words
SCRIPT = pathlib.Path(__file__).with_name("fresh_process.py")


def prove(version_folder, requests, expected, libraries, timeout_s=600):
    """Has a fresh process answer requests, without tfrec, and compares.

    Args:
        version_folder: folder of the saved model.
        requests: sequence of `(signature name, {input name: array})`; an absent
            input takes its default.
        expected: sequence of `{output name: array}`, the answers of the model in
            memory, strings as `bytes` objects.
        libraries: names of the packages whose ops the model needs.
        timeout_s: seconds that the process may take.

    Raises:
        ArtefactError: the process fails, takes too long, or answers otherwise; each
            output that differs is named, with its largest difference.
    """
    job = {
        "folder": str(pathlib.Path(version_folder).resolve()),
        "libraries": list(libraries),
        "requests": fill_defaults(version_folder, requests),
    }
    answers = _run(job, timeout_s)
    problems = [
        problem
        for number, (request, *pair) in enumerate(
            zip(requests, expected, answers, strict=True), start=1
        )
        for problem in _compare(f"request {number}, `{request[0]}`", *pair)
    ]
    if problems:
        shown = "\n".join(problems[:NUM_SHOWN])
        raise ArtefactError(
            f"{version_folder} must answer in a fresh process as the model does in "
            f"memory, because servers are such processes. Received: {len(problems)} "
            f"outputs that differ, the first of them:\n{shown}"
        )


def _run(job, timeout_s):
    with tempfile.TemporaryDirectory(prefix="tfrec-proof-") as name:
        folder = pathlib.Path(name)
        (folder / "job.pickle").write_bytes(pickle.dumps(job))
        command = [sys.executable, "-P", str(SCRIPT), name]
        try:
            subprocess.run(
                command,
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired as error:
            raise ArtefactError(
                f"{job['folder']} did not answer {len(job['requests'])} requests in a "
                f"fresh process within {timeout_s} seconds."
            ) from error
        except subprocess.CalledProcessError as error:
            last_words = "\n".join(error.stderr.splitlines()[-NUM_LINES:])
            raise ArtefactError(
                f"{job['folder']} does not run in a fresh process without tfrec, "
                f"which ended with code {error.returncode}:\n{last_words}"
            ) from error
        return pickle.loads((folder / "answers.pickle").read_bytes())


def _compare(where, expected, found):
    """One line per output that differs."""
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected or name not in found:
            holder = "the saved model" if name in found else "memory"
            yield f"{where}, output `{name}`: only {holder} has it."
            continue
        difference = _difference(np.asarray(expected[name]), np.asarray(found[name]))
        if difference:
            yield f"{where}, output `{name}`: {difference}"


def _difference(expected, found):
    """In words, or `""` where two arrays are equal enough."""
    kinds = [f"{array.dtype} {list(array.shape)}" for array in (expected, found)]
    if kinds[0] != kinds[1]:
        return f"expected {kinds[0]}, found {kinds[1]}."
    is_float = np.issubdtype(expected.dtype, np.floating)
    if is_float:
        is_same = np.isclose(found, expected, RTOL, ATOL, equal_nan=True)
    else:
        is_same = found == expected
    if is_same.all():
        return ""
    expected, found = expected[~is_same], found[~is_same]
    place = _largest_gap(expected, found) if is_float else 0
    wanted, got = expected[place], found[place]
    gap = f" (a difference of {abs(got - wanted):.3g})" if is_float else ""
    return (
        f"{len(found)} of {is_same.size} values differ, the "
        f"{'worst' if is_float else 'first'} is {got} instead of {wanted}{gap}."
    )


def _largest_gap(expected, found):
    with np.errstate(invalid="ignore"):
        gaps = np.abs(found - expected)
    return np.argmax(np.where(np.isnan(gaps), np.inf, gaps))
