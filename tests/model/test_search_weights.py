"""How much a search counts: enough for an item to be found by its words."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import make_query
from tests.model.test_people_texts import make_model
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.hybrid.search_weights import GRID, choose_search_weights
from tfrec.hybrid.weights import SearchWeights
from tfrec.inference.inference import exact_inference


@pytest.fixture(scope="module")
def model():
    """A `HybridModel` in which popularity drowns a text that counts once."""
    towers, split, _ = make_model()
    hybrid = HybridModel(towers).fit_scorers(split.train)
    known = hybrid.weights.of_known_items.copy()
    known[[scorer.name for scorer in hybrid.scorers].index("popularity") + 1] *= 20
    hybrid.weights = dataclasses.replace(hybrid.weights, of_known_items=known)
    return hybrid


def found(hybrid, search):
    """The best item for a search by somebody unknown."""
    query = make_query([[]], query_text=[search])
    inference = exact_inference(hybrid.hybrid_scorer())
    interest = inference.embed_query(query)
    scores = interest.numpy() @ inference.hybrid.candidates.numpy().T
    return str(inference.catalogue.item_ids[np.argmax(scores)])


def test_searches_find_items(model):
    model.weights = dataclasses.replace(model.weights, search=SearchWeights())
    choose_search_weights(model)
    assert max(model.weights.search) > 1
    assert set(model.weights.search) <= set(GRID)
    for word, genre in {"roses soil": "garden", "rockets stars": "space"}.items():
        assert found(model, word).startswith(genre)


def test_they_are_those_of_searches_alone(model):
    """A text that was written at an event counts as before."""
    before = dataclasses.replace(model.weights, search=SearchWeights())
    after = dataclasses.replace(model.weights, search=SearchWeights(4.0, 16.0))
    interests = []
    for weights in (before, after):
        model.weights = weights
        inference = exact_inference(model.hybrid_scorer())
        said = make_query([["", "music-01"]], history_texts=[["roses", ""]])
        asked = make_query([["music-01"]], query_text=["roses"])
        none = make_query([["music-01"]])
        interests.append([inference.embed_query(q) for q in (said, asked, none)])
    (said, asked, none), (said_again, asked_again, _) = interests
    np.testing.assert_allclose(said, said_again, atol=1e-6)
    gain, more = asked - none, asked_again - none
    neural = model.towers.embedding_dim
    np.testing.assert_allclose(more[:, :neural], 4 * gain[:, :neural], atol=1e-4)
    np.testing.assert_allclose(more[:, neural:], 16 * gain[:, neural:], atol=1e-4)
    assert float(tf.reduce_max(tf.abs(gain[:, :neural]))) > 0
