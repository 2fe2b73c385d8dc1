"""Tests of tfrec.plugins: the examples of docs/extending.md, together in one model."""

import contextlib
import pathlib
import re

import pytest

import tfrec
from tests.contracts.candidate_index import CandidateIndexContract
from tfrec.baselines.default import default_baselines
from tfrec.config import load_config
from tfrec.errors import ConfigError
from tfrec.plugins import (
    BASELINES,
    DATASETS,
    INDEXES,
    SCORERS,
    TEXT_ENCODERS,
    Registry,
)

TEXT = (pathlib.Path(__file__).parents[1] / "docs" / "extending.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- runs as a test -->\n```python\n(.*?)```", TEXT, re.DOTALL)
MINE = {
    "letters": TEXT_ENCODERS,
    "newest": SCORERS,
    "last item's neighbours": BASELINES,
    "my-shop": DATASETS,
    "shortlist": INDEXES,
}


@pytest.fixture
def mine():
    """The examples' parts, registered for the length of a test."""
    with registered():
        yield


@contextlib.contextmanager
def registered():
    for example in EXAMPLES:
        exec(compile(example, "extending.md", "exec"), {"__name__": "example"})
    try:
        yield
    finally:
        for name, registry in MINE.items():
            registry.remove(name)


class TestShortlistIndex(CandidateIndexContract):
    num_candidates = 1500
    min_recall = 0.5  # of random vectors, of which half of the dimensions tell half

    @classmethod
    def make_index(cls):
        with registered():
            return INDEXES["shortlist"]()


def test_the_examples_are_short():
    assert len(EXAMPLES) == len(MINE)
    assert all(len(example.splitlines()) <= 40 for example in EXAMPLES)


@pytest.mark.slow
def test_a_model_of_parts_from_outside(mine, tmp_path):
    settings = {"max_epochs": 1, "embedding_dim": 8, "num_heads": 1}
    recommender = tfrec.Recommender(
        text_encoder="letters",
        scorers=["popularity", "newest"],
        index="shortlist",
        **settings,
    )
    recommender.fit("my-shop", verbose=False)
    model = recommender._trained
    assert model.towers.text_encoder.dim == 26
    found = recommender.recommend([[4, 8, 2]], k=3)
    assert found["title"].tolist() == [f"Number {each}" for each in found["item_id"]]
    folders = recommender.export(tmp_path, "shop", verbose=False)
    assert folders == [tmp_path / "shop" / "1", tmp_path / "shop-shortlist" / "1"]
    again = tfrec.load(folders[1])
    assert again.manifest["flavour"] == "shortlist"
    answer = again.recommend([[4, 8, 2]], k=3)  # of 18 items, all are on the shortlist
    assert answer["item_id"].tolist() == found["item_id"].tolist()


def test_a_registered_index_is_a_value_of_the_configuration(mine):
    config = load_config(overrides=["export.index=shortlist"])
    assert config.export.index == "shortlist"


def test_a_baseline_from_outside_is_in_every_report(mine):
    items = DATASETS["my-shop"]().items
    names = [each.name for each in default_baselines(items)]
    assert names[-1] == "next in catalogue"


def test_a_registry_refuses_in_words():
    registry = Registry("lamp", {"red": "colorsys:rgb_to_hsv"})
    assert registry["red"](1.0, 0.0, 0.0) == (0.0, 1.0, 1.0)
    with pytest.raises(
        ConfigError, match=r"A lamp must be one of \"red\"\..*mean 'red'"
    ):
        registry["rad"]
    with pytest.raises(ConfigError, match="must be new, as a lamp. Received: 'red'"):
        registry.register("red")
