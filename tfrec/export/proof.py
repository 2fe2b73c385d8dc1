"""Proof that a saved model answers alike in a process that never saw tfrec."""

import pathlib
import pickle
import subprocess
import sys
import tempfile

from tfrec.errors import ArtefactError
from tfrec.export.comparison import compare
from tfrec.export.warmup import fill_defaults

NUM_SHOWN = 3
NUM_LINES = 12  # of a failed process' last words
SCRIPT = pathlib.Path(__file__).with_name("fresh_process.py")


def prove(version_folder, requests, expected, libraries, timeout_s=600):
    """Has a fresh process answer requests, without tfrec, and compares.

    The process answers twice: with the model as TF Serving loads it, into a
    session, and as `tf.saved_model.load` does.

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
        "requests": list(requests),
        "complete_requests": fill_defaults(version_folder, requests),
    }
    problems = []
    for way, answers in _run(job, timeout_s).items():
        triples = zip(requests, expected, answers, strict=True)
        for number, ((name, _), wanted, found) in enumerate(triples, start=1):
            where = f"{way}, request {number}, `{name}`"
            problems += [f"{where}, {line}" for line in compare(wanted, found)]
    if problems:
        shown = "\n".join(problems[:NUM_SHOWN])
        raise ArtefactError(
            f"{version_folder} must answer in a fresh process as the model does in "
            f"memory, because servers are such processes. Received: {len(problems)} "
            f"outputs that differ. The first are:\n{shown}"
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
