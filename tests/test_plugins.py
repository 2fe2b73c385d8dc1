"""Tests of tfrec.plugins: the examples of docs/extending.md, together in one model."""

import pathlib
import re

import pytest

import tfrec
from tfrec.baselines.default import default_baselines
from tfrec.errors import ConfigError
from tfrec.plugins import BASELINES, DATASETS, SCORERS, TEXT_ENCODERS, Registry

TEXT = (pathlib.Path(__file__).parents[1] / "docs" / "extending.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- runs as a test -->\n```python\n(.*?)```", TEXT, re.DOTALL)
MINE = {
    "letters": TEXT_ENCODERS,
    "newest": SCORERS,
    "last item's neighbours": BASELINES,
    "my-shop": DATASETS,
}


@pytest.fixture
def mine():
    """The examples' parts, registered for the length of a test."""
    for example in EXAMPLES:
        exec(compile(example, "extending.md", "exec"), {"__name__": "example"})
    yield
    for name, registry in MINE.items():
        registry.remove(name)


def test_the_examples_are_short():
    assert len(EXAMPLES) == len(MINE)
    assert all(len(example.splitlines()) <= 40 for example in EXAMPLES)


@pytest.mark.slow
def test_a_model_of_parts_from_outside(mine):
    settings = {"max_epochs": 1, "embedding_dim": 8, "num_heads": 1}
    recommender = tfrec.Recommender(
        text_encoder="letters", scorers=["popularity", "newest"], **settings
    )
    recommender.fit("my-shop", verbose=False)
    model = recommender._trained
    assert model.towers.text_encoder.dim == 26
    found = recommender.recommend([[4, 8, 2]], k=3)
    assert found["title"].tolist() == [f"Number {each}" for each in found["item_id"]]


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
