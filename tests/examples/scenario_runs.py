"""Scenarios in a size for tests: their logs, their configurations, their gateways."""

import contextlib
import importlib
import pathlib

import pandas as pd

import tfrec
from serving.user_states.memory import MemoryStates
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.server_process import serving
from tfrec.config import load_config
from tfrec.export.item_log import ItemLog
from tfrec.training.run import run

SCENARIOS = pathlib.Path(__file__).parents[2] / "examples" / "scenarios"
PEOPLE = 60
SMALL = (
    "model.text_encoder=none",
    "model.embedding_dim=8",
    "model.num_heads=1",
    "model.window_length=16",
    'model.scorers=["item_to_item", "bm25", "popularity"]',
    "model.item_to_item_dim=8",
    "model.bm25_dim=8",
    "train.max_epochs=1",
    "evaluation.baselines=false",
    "evaluation.bootstrap_samples=20",
    "export.index=exact",
)


class Scenario:
    """A generated log and what its configuration makes of it.

    Args:
        name: of its folder in `examples/scenarios`.
        folder: for the log and the models.
    """

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.program = importlib.import_module(f"examples.scenarios.{name}.generate")
        self.log = folder / "log"
        self.program.generate(self.log, people=PEOPLE)
        self.events, self.items = (
            pd.read_parquet(self.log / f"{table}.parquet")
            for table in ("events", "items")
        )

    def config(self):
        """That of its folder, with small sizes."""
        own = (
            f"data.folder={self.log}",
            f"run.folder={self.folder / 'runs'}",
            f"export.folder={self.folder / 'models'}",
        )
        return load_config(SCENARIOS / self.name / "config.toml", [*SMALL, *own])

    def fitted(self):
        """A `Recommender` that has learnt from the log."""
        return tfrec.Recommender(self.config()).fit(self.log, verbose=False)

    def category(self, item_ids):
        """The category of each item."""
        return self.items.set_index("item_id")["category"].loc[list(item_ids)].tolist()

    @contextlib.contextmanager
    def gateway(self):
        """Trains, serves and asks: gives `Http` of a gateway with the log's events."""
        (version,) = run(self.config(), report=None).models
        flags = ("--model_name=toy", f"--model_base_path={version.parent}")
        items = version / "assets.extra" / "items.parquet"
        log = ItemLog.of(version.parent)
        with (
            serving(*flags) as server,
            gateway_thread(MemoryStates(), server.target, items, item_log=log) as ask,
        ):
            yield ask
