"""Proof that a saved model answers alike in a process that never saw tfrec."""

import concurrent.futures
import logging
import pathlib
import pickle
import subprocess
import sys
import tempfile

from tfrec.errors import ArtefactError
from tfrec.export.comparison import compare
from tfrec.export.warmup import fill_defaults

logger = logging.getLogger(__name__)

NUM_SHOWN = 3
NUM_LINES = 12  # of a failed process' last words
SCRIPT = pathlib.Path(__file__).with_name("fresh_process.py")
WAYS = {"session": "in a session like TF Serving's", "loaded": "loaded by Python"}


def prove(version_folder, requests, expected, libraries, timeout_s=600):
    """Has a fresh process answer requests, without tfrec, and compares.

    Two processes answer at the same time: one loads the model as TF Serving does,
    into a session, the other with `tf.saved_model.load`.

    Args:
        version_folder: folder of the saved model.
        requests: sequence of `(signature name, {input name: array})`; an absent
            input takes its default.
        expected: sequence of `{output name: array}`, the answers of the model in
            memory, strings as `bytes` objects.
        libraries: names of the packages whose ops the model needs.
        timeout_s: seconds that each process may take.

    Raises:
        ArtefactError: the process fails, takes too long, or answers otherwise; each
            output that differs is named, with its largest difference.
    """
    job = {
        "folder": str(pathlib.Path(version_folder).resolve()),
        "libraries": list(libraries),
        "requests": {
            "session": list(requests),
            "loaded": fill_defaults(version_folder, requests),
        },
    }
    logger.info("Verifying it with %d requests in fresh processes.", len(expected))
    problems = []
    for way, answers in _run(job, timeout_s).items():
        triples = zip(requests, expected, answers, strict=True)
        for number, ((name, _), wanted, found) in enumerate(triples, start=1):
            where = f"{WAYS[way]}, request {number}, `{name}`"
            problems += [f"{where}, {line}" for line in compare(wanted, found)]
    if problems:
        shown = "\n".join(problems[:NUM_SHOWN])
        raise ArtefactError(
            f"{version_folder} must answer in a fresh process as the model does in "
            f"memory, because servers are such processes. Received: {len(problems)} "
            f"outputs that differ. The first are:\n{shown}"
        )


def _run(job, timeout_s):
    """Answers of each way, a list per name of a way."""
    with tempfile.TemporaryDirectory(prefix="tfrec-proof-") as name:
        folder = pathlib.Path(name)
        (folder / "job.pickle").write_bytes(pickle.dumps(job))
        with concurrent.futures.ThreadPoolExecutor(len(WAYS)) as pool:
            runs = [pool.submit(_run_way, way, job, folder, timeout_s) for way in WAYS]
        return dict(zip(WAYS, (run.result() for run in runs), strict=True))


def _run_way(way, job, folder, timeout_s):
    num_requests = len(job["requests"][way])
    try:
        subprocess.run(
            [sys.executable, "-P", str(SCRIPT), str(folder), way],
            cwd=folder,
            check=True,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ArtefactError(
            f"{job['folder']} did not answer {num_requests} requests in a fresh "
            f"process within {timeout_s} seconds."
        ) from error
    except subprocess.CalledProcessError as error:
        last_words = "\n".join(error.stderr.splitlines()[-NUM_LINES:])
        raise ArtefactError(
            f"{job['folder']} does not run in a fresh process without tfrec, "
            f"which ended with code {error.returncode}:\n{last_words}"
        ) from error
    return pickle.loads((folder / f"{way}.pickle").read_bytes())
