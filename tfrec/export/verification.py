"""Proof that saved models answer alike in a process that never saw tfrec."""

import logging
import pathlib
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfrec.errors import ArtefactError
from tfrec.export.warmup import fill_defaults

logger = logging.getLogger(__name__)

NUM_SHOWN = 3
NUM_LINES = 12  # of a failed process' last words
SCRIPT = pathlib.Path(__file__).with_name("fresh_process.py")
RTOL, ATOL = 1e-5, 1e-6  # of floats; NaN equals NaN
LEAST_SHARED = 0.9  # of the items, by an index that may miss some
WAYS = {"session": "in a session like TF Serving's", "loaded": "loaded by Python"}


class Check(NamedTuple):
    """What a saved model must answer.

    Attributes:
        folder: of the saved model.
        requests: sequence of `(signature name, {input name: array})`; an absent input
            takes its default.
        expected: sequence of `{output name: array}`, the answers of the model in
            memory, strings as `bytes` objects.
        libraries: names of the packages whose ops the model needs.
        may_miss: whether its index may miss some of the best items.
    """

    folder: pathlib.Path
    requests: Sequence[tuple[str, dict]]
    expected: Sequence[dict]
    libraries: Sequence[str]
    may_miss: bool = False

    def job(self):
        """What the fresh process must know."""
        return {
            "folder": str(self.folder.resolve()),
            "libraries": list(self.libraries),
            "requests": fill_defaults(self.folder, self.requests),
        }


def prove(checks: Sequence[Check], timeout_s=600):
    """Has a fresh process answer requests, without tfrec, and compares.

    It runs each saved model in two ways: loaded into a session, as TF Serving does it,
    and by `tf.saved_model.load`. Models that need fewer op libraries come first, so
    that none is run with libraries of another one's.

    Args:
        checks: sequence of `Check`.
        timeout_s: seconds that the process may take for each saved model.

    Raises:
        ArtefactError: the process fails, takes too long, or answers otherwise; each
            output that differs is named, with its largest difference.
    """
    checks = sorted(checks, key=lambda check: len(check.libraries))
    count = sum(len(check.expected) for check in checks)
    logger.info("Verifying with %d requests in a fresh process.", count)
    for check, answers in zip(checks, _run(checks, timeout_s), strict=True):
        _compare_all(check, answers)


def _compare_all(check, answers):
    problems = []
    for way, found in answers.items():
        triples = zip(check.requests, check.expected, found, strict=True)
        for number, ((name, _), wanted, given) in enumerate(triples, start=1):
            where = f"{WAYS[way]}, request {number}, `{name}`"
            lines = compare(wanted, given)
            if lines and check.may_miss and is_nearly_the_same(wanted, given):
                continue
            problems += [f"{where}, {line}" for line in lines]
    if problems:
        shown = "\n".join(problems[:NUM_SHOWN])
        raise ArtefactError(
            f"{check.folder} must answer in a fresh process as the model does in "
            f"memory, because servers are such processes. Received: {len(problems)} "
            f"outputs that differ. The first are:\n{shown}"
        )


def _run(checks, timeout_s):
    """For each check the answers of each way, a list per name of a way."""
    with tempfile.TemporaryDirectory(prefix="tfrec-proof-") as name:
        folder = pathlib.Path(name)
        (folder / "job.pickle").write_bytes(pickle.dumps([c.job() for c in checks]))
        try:
            _run_script(folder, timeout_s * len(checks))
        except subprocess.TimeoutExpired as error:
            raise ArtefactError(
                f"{_under_way(checks, folder)} did not answer in a fresh process "
                f"within {error.timeout} seconds."
            ) from error
        except subprocess.CalledProcessError as error:
            last_words = "\n".join(error.stderr.splitlines()[-NUM_LINES:])
            raise ArtefactError(
                f"{_under_way(checks, folder)} does not run in a fresh process without "
                f"tfrec, which ended with code {error.returncode}:\n{last_words}"
            ) from error
        return [
            {way: pickle.loads(_answers(folder, n, way).read_bytes()) for way in WAYS}
            for n in range(len(checks))
        ]


def _run_script(folder, timeout_s):
    subprocess.run(
        [sys.executable, "-P", str(SCRIPT), str(folder)],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout_s,
    )


def _under_way(checks, folder):
    """The saved model that has not been answered, and in which way it was run."""
    unanswered = (
        f"{check.folder}, {words},"
        for number, check in enumerate(checks)
        for way, words in WAYS.items()
        if not _answers(folder, number, way).exists()
    )
    return next(unanswered, str(checks[-1].folder))


def _answers(folder, number, way):
    return folder / f"{number}-{way}.pickle"


def is_nearly_the_same(expected, found):
    """Whether two rankings differ only as rounding makes an approximate search differ.

    Such an index looks at parts of the catalogue; which part a query between two of
    them falls into is a matter of the last bit. So some items may be others, but most
    are the same, and what is in both has the same score and probability.

    Args:
        expected: `{output name: array}`.
        found: `{output name: array}`.
    """
    shapes = [{n: np.shape(a) for n, a in each.items()} for each in (expected, found)]
    if shapes[0] != shapes[1] or "item_ids" not in expected:
        return False
    num_shared = num_items = 0
    for row in range(len(expected["item_ids"])):
        one, other = (_by_item(each, row) for each in (expected, found))
        shared = [item for item in one if item in other]
        pairs = [np.array([each[item] for item in shared]) for each in (one, other)]
        if not _is_close(*pairs).all():
            return False
        num_shared, num_items = num_shared + len(shared), num_items + len(one)
    return num_shared >= LEAST_SHARED * num_items


def _by_item(ranking, row):
    """Item id -> its numbers in one row of a ranking."""
    names = sorted(ranking.keys() - {"item_ids"})
    numbers = np.stack([ranking[name][row] for name in names], axis=1)
    return dict(zip(ranking["item_ids"][row], numbers, strict=True))


def compare(expected, found):
    """What differs between two answers.

    Floats may differ by rounding; all else must be equal. In a ranking, an answer
    with `scores` `[batch, k]`, best first, rounding also decides which of two items
    with close scores comes first, and which is the last to come: at such places
    only the scores are compared.

    Args:
        expected: `{output name: array}`.
        found: `{output name: array}`.

    Returns:
        List of one sentence per output that differs, empty where none does.

    Example:
        >>> compare({"scores": np.ones([1, 1])}, {"scores": np.zeros([1, 1])})
        ['output `scores`: 1 of 1 values differ, the worst is 0.0 instead of 1.0.']
    """
    problems = []
    is_tied = _ties(np.asarray(expected["scores"])) if "scores" in expected else False
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected or name not in found:
            holder = "the saved model" if name in found else "the model in memory"
            problems.append(f"output `{name}`: only {holder} has it.")
            continue
        arrays = np.asarray(expected[name]), np.asarray(found[name])
        difference = _difference(*arrays, is_tied if name != "scores" else False)
        if difference:
            problems.append(f"output `{name}`: {difference}")
    return problems


def _difference(expected, found, is_excused):
    """In words, or `""` where two arrays are equal enough."""
    kinds = [f"{array.dtype} {list(array.shape)}" for array in (expected, found)]
    if kinds[0] != kinds[1]:
        return f"expected {kinds[0]}, found {kinds[1]}."
    is_float = np.issubdtype(expected.dtype, np.floating)
    is_same = _is_close(expected, found) if is_float else expected == found
    is_same = is_same | is_excused
    if is_same.all():
        return ""
    expected, found = expected[~is_same], found[~is_same]
    place = _worst(expected, found) if is_float else 0
    return (
        f"{len(found)} of {is_same.size} values differ, the "
        f"{'worst' if is_float else 'first'} is {found[place]} instead of "
        f"{expected[place]}."
    )


def _ties(scores):
    """Places of a ranking that rounding fills, bool `[batch, k]`."""
    following = np.pad(scores[:, 1:], [[0, 0], [0, 1]], constant_values=-np.inf)
    is_real = np.isfinite(scores)
    is_last = is_real & ~np.isfinite(following)
    ties_below = is_real & _is_close(scores, following)
    ties_above = np.pad(ties_below, [[0, 0], [1, 0]])[:, :-1]
    return is_last | ties_below | ties_above


def _is_close(expected, found):
    return np.isclose(found, expected, RTOL, ATOL, equal_nan=True)


def _worst(expected, found):
    with np.errstate(invalid="ignore"):
        return np.argmax(np.abs(found - expected))  # of NaN, if there is one
