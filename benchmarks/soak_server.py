"""Load for minutes, a new version every half, a bad one every whole minute.

Claim: no request fails, every answer is the one that the version it names gives, every
bad version is refused with its reason, and memory is flat after the first swaps.

    python benchmarks/soak_server.py --model saved_models/movielens --minutes 10

Versions take turns between the model and a copy whose catalogue is turned round, so
that an answer tells who gave it. Bad ones are half a copy, a corrupt graph, and a model
that needs ops which nobody has. Exit code 1 if a claim failed.
"""

import collections
import itertools
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
from typing import Annotated

import numpy as np
import pandas as pd
import typer

# The tests' server process serves here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.serving.server_process import serving
from tfrec.client.client import RecommenderClient
from tfrec.client.histories import make_query
from tfrec.client.inputs import recommend_inputs
from tfrec.export.artefact import read_artefact
from tfrec.export.servable import Servable
from tfrec.export.version_folders import version_folder

REQUESTS, EVENTS = 32, 20
SWAP_S = 180  # for a version to be loaded or refused, on a busy machine
SETTLED = 4  # swaps before memory must be flat


def main(
    model: Annotated[pathlib.Path, typer.Option(help="Folder of versions.")],
    minutes: float = 10,
    callers: int = 8,
    swap_s: Annotated[float, typer.Option(help="Seconds between swaps.")] = 30,
):
    """Prints the memory after every swap, then what failed."""
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(version_folder(model), pathlib.Path(folder), callers)
        wrong = soak.run(minutes * 60, swap_s)
    print(f"{soak.num_answers:,} answers, {len(soak.memory)} swaps.")
    counts = collections.Counter(wrong)
    words = [f"{count} × {problem}" for problem, count in counts.items()]
    print("Wrong:", "; ".join(words) or "nothing")
    raise typer.Exit(bool(wrong))


class Soak:
    """A server, those who ask it, and who exchanges its versions.

    Args:
        source: version folder.
        folder: for versions.
        callers: threads that ask all the time.

    Attributes:
        num_answers: right ones.
        memory: bytes of the server after each swap.
    """

    def __init__(self, source, folder, callers):
        self.base, kept = folder / "soak", folder / "kept"
        self.base.mkdir()
        self.kinds = [source, turned_copy(source, kept / "turned")]
        self.harms = itertools.cycle([half_copied, corrupt, incompatible])
        self.requests = make_requests(source)
        self.expected = [answers_of(kind, self.requests) for kind in self.kinds]
        self.num_callers = callers
        self.num_answers, self.memory = 0, []
        self.wrong: list[str] = []
        self._version = 0
        self._kind_of: dict[int, int] = {}
        self._lock, self._stopped = threading.Lock(), threading.Event()

    def run(self, seconds, swap_s):
        """Words on all that failed."""
        self._publish()
        flags = ("--model_name=soak", f"--model_base_path={self.base}")
        with (
            serving(*flags, "--enable_batching") as server,
            RecommenderClient(server.target, "soak", retries=0) as client,
        ):
            callers = [
                threading.Thread(target=self._call, args=[client, first])
                for first in range(self.num_callers)
            ]
            for caller in callers:
                caller.start()
            self._exchange(client, server.process.pid, seconds, swap_s)
            self._stopped.set()
            for caller in callers:
                caller.join()
        return self.wrong + self._growth()

    def _call(self, client, number):
        while not self._stopped.is_set():
            number = (number + 1) % REQUESTS
            try:
                request = [self.requests[number]]
                (items,), version = client.recommend_with_version(request)
                problem = self._compare(items, version, number)
            except Exception as error:  # whatever it is, it counts
                problem = str(error)
            with self._lock:
                self.num_answers += not problem
                self.wrong += [problem] if problem else []

    def _compare(self, items, version, number):
        if version not in self._kind_of:
            return f"version {version} answers, which should have been refused"
        ids, scores = self.expected[self._kind_of[version]][number]
        found = [item.item_id for item in items]
        near = np.allclose([item.score for item in items], scores, 1e-4, 1e-5)
        same = found == ids and near
        return "" if same else f"version {version} answers {found}, not {ids}"

    def _exchange(self, client, pid, seconds, swap_s):
        end = time.monotonic() + seconds
        for turn in itertools.count():
            moment = time.monotonic() + swap_s
            if moment > end:
                return
            self._publish()
            self._await(client, "AVAILABLE")
            time.sleep(min(2, swap_s / 4))  # the old version goes
            self.memory.append(resident_bytes(pid))
            print(f"version {self._version}: {self.memory[-1] / 2**20:.0f} MiB")
            if turn % 2:
                self._publish_bad(client)
            time.sleep(max(0, moment - time.monotonic()))

    def _publish(self):
        self._version += 1
        kind = self._version % 2
        self._kind_of[self._version] = kind
        self._add(self.kinds[kind])

    def _publish_bad(self, client):
        self._version += 2  # so that good ones still take turns
        harm = next(self.harms)
        self._add(self.kinds[0], harm)
        reason = self._await(client, "END")
        print(f"version {self._version}, {harm.__name__}, refused: {reason[-90:]}")
        if not reason:
            self.wrong.append(f"{harm.__name__} was not refused with a reason")

    def _add(self, source, change=lambda folder: None):
        """Puts a version in place at once, and takes old ones away."""
        aside = self.base.parent / "aside"
        shutil.copytree(source, aside)
        change(aside)
        for old in self.base.iterdir():
            if int(old.name) < self._version - 3:
                shutil.rmtree(old)
        aside.rename(self.base / str(self._version))

    def _await(self, client, state):
        """The error of the newest version once it has this state."""
        end = time.monotonic() + SWAP_S
        while time.monotonic() < end:
            newest = {each.version: each for each in client.status()}.get(self._version)
            if newest and newest.state == state:
                return newest.error
            time.sleep(0.1)
        self.wrong.append(f"version {self._version} is not {state}")
        return ""

    def _growth(self):
        """Words if the memory of the last swaps is above that of the first."""
        if len(self.memory) < 3 * SETTLED:
            return []
        early = np.mean(self.memory[SETTLED : 2 * SETTLED])
        late = np.mean(self.memory[-SETTLED:])
        print(f"Memory grew by {late / early - 1:.1%} once settled.")
        return [f"memory grew by {late / early - 1:.1%}"] if late > 1.1 * early else []


def make_requests(source):
    """Keyword arguments of `recommend`, for users with random histories."""
    items = pd.read_parquet(source / "assets.extra" / "items.parquet")["item_id"]
    rng = np.random.default_rng(0)
    size = min(EVENTS, len(items) // 2)
    return [
        {
            "history": [
                (item, "", 1, 10**9 + 60 * place)
                for place, item in enumerate(rng.choice(items, size, replace=False))
            ],
            "now": 10**9 + 86_400,
            "k": 3,
        }
        for _ in range(REQUESTS)
    ]


def answers_of(folder, requests):
    """`(ids, scores)` of each, by the model in this process."""
    servable, answers = Servable.load(folder), []
    for request in requests:
        answer = servable.run("recommend", recommend_inputs([make_query(**request)]))
        ids = [each.decode() for each in answer["item_ids"][0] if each]
        answers.append((ids, answer["scores"][0, : len(ids)]))
    return answers


def turned_copy(source, target):
    """The model with every variable that has a row for each item turned round."""
    import tensorflow as tf

    shutil.copytree(source, target)
    num_items = read_artefact(source).manifest["num_items"]
    prefix = str(source / "variables" / "variables")
    reader = tf.train.load_checkpoint(prefix)
    names = sorted(reader.get_variable_to_shape_map())
    values = [reader.get_tensor(name) for name in names]
    values = [
        each[::-1] if np.shape(each)[:1] == (num_items,) else each for each in values
    ]
    prefix = str(target / "variables" / "variables")
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=values,
    )
    return target


def half_copied(folder):
    """As if the copy had ended in the middle of the variables."""
    for path in (folder / "variables").glob("*.data-*"):
        os.truncate(path, path.stat().st_size // 2)


def corrupt(folder):
    """Bytes of chance in the middle of the graph."""
    path = folder / "saved_model.pb"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 1000] = np.random.default_rng(0).bytes(1000)
    path.write_bytes(content)


def incompatible(folder):
    """A model that needs ops which are not installed."""
    path = folder / "assets.extra" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["ops"]["required_libraries"] = ["ops_of_tomorrow"]
    path.write_text(json.dumps(manifest))


def resident_bytes(pid):
    """Memory of a process."""
    pages = int(
        pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    )
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    typer.run(main)
