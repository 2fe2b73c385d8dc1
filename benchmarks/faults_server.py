"""SIGKILL to the model server at random moments, while people ask and items come in.

Claim: until it is killed no request fails, and after each start every item whose change
was written to the log is served.

    python benchmarks/faults_server.py --model saved_models/movielens --rounds 20
"""

import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
from typing import Annotated

import typer

# The tests' server process serves here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from benchmarks.soak_server import make_requests
from tests.serving.server_process import ServerProcess
from tfrec.client.client import RecommenderClient
from tfrec.data.item_changes import ItemChange
from tfrec.errors import ServingError
from tfrec.export.item_log import ItemLog
from tfrec.export.version_folders import version_folder

NAME, CALLERS = "faults", 4
FOLLOWS_S = 60  # for items of the log to be served after a start


def main(
    model: Annotated[pathlib.Path, typer.Option(help="Folder of versions.")],
    rounds: int = 20,
    seed: int = 0,
):
    """Prints a line for each round; exit code 1 if one went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(version_folder(model), pathlib.Path(folder), random.Random(seed))
        wrong = [words for number in range(rounds) for words in trial.run(number + 1)]
        trial.server.stop()
    print(f"{trial.num_answers:,} answers, {len(trial.written)} items.")
    print("Wrong:", "; ".join(wrong) or "nothing")
    raise typer.Exit(bool(wrong))


class Trial:
    """A server that is killed and started, those who ask it, and a log of items.

    Attributes:
        num_answers: right ones.
        written: ids of the items whose changes the log has taken.
    """

    def __init__(self, version, folder, rng):
        self.base, self.rng = folder / NAME, rng
        shutil.copytree(version, self.base / "1")
        self.log, self.requests = ItemLog.of(self.base), make_requests(version)
        self.num_answers, self.written = 0, list[str]()
        self._is_over, self._lock = threading.Event(), threading.Lock()
        self._start()

    def run(self, number):
        """Load, a kill, a start; what went wrong: sentences."""
        wrong: list[str] = []
        self._is_over.clear()
        threads = [threading.Thread(target=self._write)]
        threads += [
            threading.Thread(target=self._ask, args=[each, wrong])
            for each in range(CALLERS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(self.rng.uniform(0.5, 3))
        self._is_over.set()  # from here on a failure is the kill's
        self.server.process.kill()
        for thread in threads:
            thread.join()
        self.server.stop()
        started = time.monotonic()
        self._start()
        wrong += self._lost()
        seconds = time.monotonic() - started
        words = "; ".join(wrong) or "nothing wrong"
        print(
            f"Round {number}: all is served after {seconds:.1f} s, {words}.", flush=True
        )
        return wrong

    def _start(self):
        self.server = ServerProcess(
            f"--model_name={NAME}", f"--model_base_path={self.base}"
        )

    def _write(self):
        while not self._is_over.is_set():
            item_id = f"new {len(self.written)}"
            self.log.append([ItemChange(item_id=item_id, title=f"A film, {item_id}")])
            self.written.append(item_id)
            time.sleep(0.1)

    def _ask(self, number, wrong):
        with RecommenderClient(self.server.target, NAME, retries=0) as client:
            while not self._is_over.is_set():
                number = (number + 1) % len(self.requests)
                request = self.requests[number]
                try:
                    (items,), _ = client.recommend_with_version([request])
                except ServingError as error:
                    if not self._is_over.is_set():
                        wrong.append(str(error))
                    continue
                with self._lock:
                    self.num_answers += len(items) == request["k"]

    def _lost(self):
        """Items of the log that are not served, though there was time."""
        deadline = time.monotonic() + FOLLOWS_S
        with RecommenderClient(self.server.target, NAME) as client:
            while missing := self._unknown(client):
                if time.monotonic() > deadline:
                    return [f"{len(missing)} items are lost: {missing[:3]}"]
                time.sleep(0.2)
        return []

    def _unknown(self, client):
        chances = client.score_interest(self.written)
        return [i for i, p in zip(self.written, chances, strict=True) if not p]


if __name__ == "__main__":
    typer.run(main)
