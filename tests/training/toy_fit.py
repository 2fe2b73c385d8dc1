"""Trains on the toy log in a process of its own, which may kill itself on the way.

    python -m tests.training.toy_fit FOLDER [--resume] [--die PLACE NUMBER]

`PLACE` is `step` (of the run), `validation` or `best` (weights just written); the
process gets SIGKILL when it has been there so often. One that comes through writes
`end.npz`: every weight, the text vectors and what `fit` returned.
"""

import argparse
import os
import pathlib
import signal

import keras
import numpy as np
import tensorflow as tf

from tests.toy_log import toy_config, toy_events, toy_items, toy_users
from tfrec.config import load_config
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.split import make_split
from tfrec.evaluation.evaluate import mean_ndcg
from tfrec.hybrid.offline_scores import TowerRecommender
from tfrec.text.factory import make_text_encoder
from tfrec.training import loop
from tfrec.training.building import make_towers

NUM_EPOCHS, CHECKPOINT_EVERY = 3, 4


def toy_dataset(**kwargs):
    """`(Dataset, Interactions)` of the toy log."""
    users = Users(toy_users())
    dataset = Dataset("toy", Events(toy_events(**kwargs)), Items(toy_items()), users)
    rules = FeedbackRules(negative=["skip"] if kwargs.get("with_skips") else [])
    return dataset, encode(dataset, rules)


def toy_model(*overrides):
    """`(TwoTower, Split, TrainConfig)`: adapted and untrained; what it is to learn."""
    config = load_config(overrides=toy_config(pathlib.Path(), "unused", *overrides))
    keras.utils.set_random_seed(config.train.seed)
    dataset, interactions = toy_dataset()
    split = make_split(interactions, "rolling", 0.1)
    encoder = make_text_encoder(config, dataset.items.texts)
    model = make_towers(config)
    model.adapt(split.train, dataset.items, dataset.users, encoder)
    return model, split, config.train


class Doom:
    """Counts visits to a place and kills the process at the last one."""

    def __init__(self, place, number):
        self.place, self.number, self.visits = place, int(number), 0

    def visit(self, place):
        self.visits += place == self.place
        if self.visits == self.number:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder, resume, doom):
    """Runs `fit`; the process may not live to see its end."""
    model, split, settings = toy_model(
        f"train.max_epochs={NUM_EPOCHS}",
        f"train.checkpoint_every={CHECKPOINT_EVERY}",
        "train.deterministic=true",
    )
    save_weights = loop.save_weights

    def validate():
        metric = mean_ndcg(TowerRecommender(model), split.queries, allow_repeats=True)
        doom.visit("validation")
        return metric

    def save_and_visit(*args):
        save_weights(*args)
        doom.visit("best")

    loop.save_weights = save_and_visit
    found = loop.fit(
        model,
        split.train,
        folder,
        settings,
        validate=validate,
        resume=resume,
        report=lambda *_: doom.visit("step"),
    )
    weights = [v.numpy() for v in model.learnt_variables]
    texts = [t.vectors.numpy() for t in (model.texts.items, model.texts.profiles)]
    facts = {name: getattr(found, name) for name in ("losses", "metrics", "best_epoch")}
    np.savez(folder / "end.npz", *weights, *texts, **facts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--die", nargs=2, default=("nowhere", 1))
    args = parser.parse_args()
    tf.config.experimental.enable_op_determinism()
    train(args.folder, args.resume, Doom(*args.die))


if __name__ == "__main__":
    main()
