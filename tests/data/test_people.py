"""Users as items: the catalogue, and that nobody is recommended to themselves."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tfrec
from tests.evaluation.logs import make_split_of
from tests.model.checkerboard import small_config
from tfrec.config import Config, DataConfig
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.people import dataset_of
from tfrec.data.readers import read_folder
from tfrec.data.schema import Events, Items, Users
from tfrec.data.split import next_item_queries
from tfrec.data.windows import training_windows
from tfrec.errors import DataError
from tfrec.evaluation.evaluate import strike_forbidden
from tfrec.evaluation.protocol import describe_protocol
from tfrec.plugins import DATASETS
from tfrec.towers.losses import retrieval_loss
from tfrec.training.building import make_towers
from tfrec.training.calibration import labelled_pairs
from tfrec.training.log import load_run_data

EVENTS = pd.DataFrame(
    {
        "user_id": ["ada", "ada", "bob", "cleo", "dan", "dan"],
        "item_id": ["p1", "bob", "ada", "p1", "bob", "p2"],
        "timestamp": [1, 2, 3, 4, 5, 6],
    }
)
ITEMS = pd.DataFrame({"item_id": ["p1", "p2"], "domain": "posts", "topic": "sea"})
USERS = pd.DataFrame(
    {
        "user_id": ["ada", "bob", "cleo"],
        "name": ["Ada L.", None, "Cleo"],
        "text": ["mathematics", "", "ships"],
        "group": [1, 2, 1],
    }
)


def tables(events=EVENTS, items=ITEMS, users=USERS):
    return Events(events), Items(items), Users(users)


@pytest.fixture
def dataset():
    return dataset_of("log", *tables(), people="people")


def test_each_user_of_the_table_is_an_item(dataset):
    frame = dataset.items.frame.set_index("item_id")
    assert frame.index.tolist() == ["p1", "p2", "ada", "bob", "cleo"]
    assert frame["title"].tolist() == ["", "", "Ada L.", "bob", "Cleo"]
    assert frame["text"].tolist() == ["", "", "mathematics", "", "ships"]
    assert frame["domain"].tolist() == ["posts"] * 2 + ["people"] * 3
    assert frame["topic"].tolist() == ["sea", "sea", "", "", ""]
    assert dataset.users.frame["group"].tolist() == [1, 2, 1]


def test_files_are_read_so(tmp_path, dataset):
    for name, frame in (("events", EVENTS), ("items", ITEMS), ("users", USERS)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    found = read_folder(tmp_path, DataConfig(people="people"))
    pd.testing.assert_frame_equal(found.items.frame, dataset.items.frame)
    assert len(read_folder(tmp_path, DataConfig()).items) == 4  # ada, bob of the log


def test_public_data_sets_are_read_so(dataset, request):
    """From a configuration, and by name from Python."""
    public = dataset_of("log", *tables(events=EVENTS[EVENTS["item_id"] == "p1"]))
    DATASETS.register("log")(lambda *_: public)
    request.addfinalizer(lambda: DATASETS.remove("log"))
    config = Config(data=DataConfig(dataset="log", people="people"))
    found = load_run_data(config).dataset
    by_name = tfrec.Recommender(people="people")._read("log", None, None)
    for each in (found, by_name):
        pd.testing.assert_frame_equal(each.items.frame, dataset.items.frame)
        assert each.people == "people"


def test_an_id_of_both_is_refused():
    users = pd.DataFrame({"user_id": ["p2", "ada", "p1"]})
    words = r"Received: 2 ids that are both \(p2, p1\). Give one of them a prefix"
    with pytest.raises(DataError, match=words):
        dataset_of("log", *tables(users=users), people="people")


def test_there_must_be_users():
    nobody = pd.DataFrame({"user_id": []})
    with pytest.raises(DataError, match="`data.people` must be left out"):
        dataset_of("log", *tables(users=nobody), people="people")


@pytest.fixture
def log(dataset):
    return encode(dataset, FeedbackRules())


def test_users_know_which_item_they_are(log, dataset):
    """Dan has no row in the table; without `people`, nobody is an item."""
    assert log.user_ids.tolist() == ["ada", "bob", "cleo", "dan"]
    assert log.own_items.tolist() == [2, 3, 4, -1]
    plain = dataset_of("log", *tables())
    assert encode(plain, FeedbackRules()).own_items is None


def test_nobody_is_a_candidate_for_themselves(log):
    queries = next_item_queries(log, np.arange(len(log)))
    scores = np.zeros((len(queries), 5))
    strike_forbidden(scores, queries, allow_repeats=True)
    expected = [[u != row - 2 or row < 2 for row in range(5)] for u in log.user_rows]
    np.testing.assert_array_equal(scores == 0, expected)
    split = make_split_of("rolling", log, queries, np.zeros(5, bool))
    words = describe_protocol(split)["candidates"]
    assert words.endswith("Nobody is a candidate for themselves.")


def test_nobody_is_drawn_for_themselves(log):
    for seed in range(20):
        held_out = np.ones(len(log), bool)
        pairs = labelled_pairs(log, held_out, seed, True, is_explicit=False)
        own = log.own_items[pairs.queries.user_rows]
        assert (own != pairs.queries.target_rows).all()


def test_nobody_is_a_negative_of_themselves(log, dataset):
    """The loss is that of a catalogue in which the own item has no events."""
    model = make_towers(small_config()).adapt(log, dataset.items)
    windows = training_windows(log, length=4, batch_size=1, seed=0, allow_repeats=True)
    for batch in windows.take(4):
        outputs = model(batch)
        own = int(batch["own_items"][0])
        assert own == log.own_items[int(batch["user_rows"][0])]

        def loss(batch, possible, outputs=outputs):
            return float(retrieval_loss(batch, outputs, possible, None, 1.0))

        plain = {n: tensor for n, tensor in batch.items() if n != "own_items"}
        if own < 0 or not model.catalogue.has_id[own]:
            assert loss(batch, model.possible) == loss(plain, model.possible)
            continue
        assert loss(batch, model.possible) < loss(plain, model.possible)
        has_id = model.catalogue.has_id & (np.arange(5) != own)
        without = type(model.possible)(has_id, *np.zeros((2, 5), np.int64))
        assert loss(batch, model.possible) == pytest.approx(loss(plain, without))
    assert tf.reduce_any(model.possible.has_id)
