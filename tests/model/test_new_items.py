"""Items that the log does not know, by their texts and categories."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import make_query, names
from tests.model.checkerboard import (
    CLOSED,
    NUM_ITEMS,
    checkerboard,
    first_settings,
    small_config,
)
from tests.model.conftest import make_windows
from tfrec.data.schema import Items
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.weights import Weights
from tfrec.inference.inference import Inference, build_indexes, exact_inference
from tfrec.inference.search import inner_products
from tfrec.linear.registry import make_scorers
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.text.lstm import LstmEncoder
from tfrec.text.vocabulary import learn_vocabulary
from tfrec.training.building import make_towers

COLD = (3, 8)  # items without an event
# Title, text and category of items; the last two say nothing.
TOLD = [("odd thing",), ("", "a text"), ("", "", "odd"), ("",), ("  ", "", "")]
WEIGHTS = np.array([1.0, 0.5, 1.0, 0.2], np.float32)


def learn(encoder_dim, steps, with_categories):
    """`Inference` of a checkerboard whose items 3 and 8 nobody has met."""
    dataset, log = checkerboard()
    log = log.select(~np.isin(log.item_rows, COLD))
    frame = dataset.items.frame
    items = Items(frame if with_categories else frame.assign(category=""))
    keras.utils.set_random_seed(0)
    encoder = None
    if encoder_dim:
        vocabulary = learn_vocabulary(items.texts, 80)
        encoder = LstmEncoder(vocabulary, encoder_dim, units=8, max_length=8)
    config = small_config("model.id_dropout=0.5")
    model = make_towers(config).adapt(log, items, None, encoder)
    if steps:
        model.compile(optimizer=keras.optimizers.Adam(1e-2))
        windows = make_windows(log)
        model.fit(windows, steps_per_epoch=steps, shuffle=False, verbose=0)
        model.texts.refresh()
    texts = tf.convert_to_tensor(model.texts.items.vectors)
    scorers = [
        b.fit(log, model.catalogue, texts)
        for b in make_scorers(CLOSED, first_settings())
    ]
    hybrid = HybridScorer(
        model, scorers, Weights(of_known_items=WEIGHTS, head_slope=1.0)
    )
    return exact_inference(hybrid, max_interest_norm=50.0)


@pytest.fixture(scope="module")
def untrained():
    """All paths of a vector have weights of their own."""
    return learn(encoder_dim=4, steps=0, with_categories=True)


@pytest.fixture(scope="module")
def by_text():
    """Only the words tell the colours apart."""
    return learn(encoder_dim=8, steps=60, with_categories=False)


def embed(inference, title, text="", category=""):
    given = (tf.constant([each]) for each in (title, text, category))
    return inference.new_items.embed(*given, {})[0].numpy()


def test_exposure_moves_new_items_up_and_no_probability(untrained):
    hybrid, shown = untrained.hybrid, 0.5
    how = dataclasses.replace(hybrid.weights, new_item_boost=shown, score_slope=2.0)
    plain, lifted = (
        HybridScorer(hybrid.model, hybrid.scorers, each)
        for each in (dataclasses.replace(how, new_item_boost=0.0), how)
    )
    every_row = tf.range(NUM_ITEMS)[None]
    found = []
    for each in (plain, lifted):
        indexes = build_indexes(each, BruteForceIndex)
        inference = Inference(each, indexes, max_interest_norm=50.0)
        interest = inference.embed_query(make_query([["i00", "i04"]]))
        candidates = tf.gather(each.candidates, every_row)
        scores = inner_products(interest, candidates)
        unscaled = each.unscaled_vectors(every_row)
        found.append((scores, each.probabilities(interest, unscaled, scores)))
    (scores, chances), (higher, same) = found
    gained = np.isin(np.arange(NUM_ITEMS), COLD) * shown
    np.testing.assert_allclose((higher - scores)[0], gained, atol=1e-5)
    np.testing.assert_allclose(same, chances, atol=1e-6)


@pytest.fixture(scope="module")
def apart(untrained):
    """The same with weights of new items' own, as `Inference`."""
    hybrid = untrained.hybrid
    how = dataclasses.replace(
        hybrid.weights,
        of_new_items=np.array([0.25, 1.5, 0.5, 0.2], np.float32),
        new_level=0.75,
    )
    hybrid = HybridScorer(hybrid.model, hybrid.scorers, how)
    indexes = build_indexes(hybrid, BruteForceIndex)
    return Inference(hybrid, indexes, max_interest_norm=50.0)


def scores_of_all(inference, interest):
    return inner_products(interest, inference.hybrid.candidates[None])[0].numpy()


def test_new_items_have_weights_of_their_own(untrained, apart):
    """Two of them were met, which does not change what a history says."""
    query = make_query([["i03", "i04", "i08"]])
    plain, weighed = untrained.embed_query(query), apart.embed_query(query)
    np.testing.assert_allclose(
        weighed[0, :16], plain[0, :16], rtol=1e-5, atol=1e-6
    )  # the neural part, whose weight is the larger one
    before, found = scores_of_all(untrained, plain), scores_of_all(apart, weighed)
    ends = np.cumsum([16, *(scorer.dim for scorer in untrained.hybrid.scorers)])
    stored, plain = untrained.hybrid.candidates.numpy(), plain.numpy()[0]
    expected = before.copy()
    expected[list(COLD)] = 0.75
    factors = np.array([0.25, 1.5, 0.5, 0.2]) / WEIGHTS
    for start, end, factor in zip([0, *ends], ends, factors, strict=False):
        part = stored[:, start:end] @ plain[start:end]
        expected[list(COLD)] += factor * part[list(COLD)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(found - before)[list(COLD)].min() > 0.01


def test_the_interest_head_does_not_depend_on_weights(untrained, apart):
    query = make_query([["i03", "i04", "i08"]])
    heads = [
        each.hybrid.ratings(each.embed_query(query), each.hybrid.unscaled[None])[0]
        for each in (untrained, apart)
    ]
    np.testing.assert_allclose(*heads, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("which", ["untrained", "apart"])
def test_a_cold_item_of_the_catalogue_is_as_a_new_one(which, request):
    inference = request.getfixturevalue(which)
    catalogue = inference.catalogue
    stored = inference.hybrid.candidates.numpy()
    for row in COLD:
        new = embed(inference, catalogue.titles[row], "", catalogue.categories[row])
        np.testing.assert_allclose(new[0], stored[row], rtol=1e-4, atol=1e-5)
    assert np.abs(stored[3] - stored[5]).max() > 1e-2  # item 5's id has been learnt


def test_an_item_of_which_nothing_is_told_is_not_preferred(untrained):
    """Its exposure would only hide items of which something is known."""
    last = [embed(untrained, *told)[0, -2:].tolist() for told in TOLD]
    assert last == [[1, 1], [1, 1], [1, 1], [0, 0], [0, 0]]


def test_texts_and_categories_both_tell(untrained):
    plain = embed(untrained, "odd thing")
    assert np.abs(embed(untrained, "even thing") - plain).max() > 1e-3
    assert np.abs(embed(untrained, "odd thing", "even") - plain).max() > 1e-3
    assert np.abs(embed(untrained, "odd thing", "", "odd") - plain).max() > 1e-3


def test_text_and_category_may_be_left_out(untrained):
    """Their defaults have length 1."""
    titles = tf.constant(["odd thing", "even thing", ""])
    blank = tf.constant([""])
    together = untrained.new_items.embed(titles, blank, blank, {})[0]
    alone = [embed(untrained, title)[0] for title in ("odd thing", "even thing", "")]
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("parity", [0, 1])
def test_a_new_item_of_the_right_colour_scores_above_one_of_the_wrong(by_text, parity):
    """For users of three events, from words that the catalogue has."""
    own = [row for row in range(parity, NUM_ITEMS, 2) if row not in COLD]
    histories = [names(*own[i : i + 3]) for i in range(4)]
    interest = by_text.embed_query(make_query(histories)).numpy()
    right, wrong = ("even thing", "odd thing")[:: 1 - 2 * parity]
    margin = (embed(by_text, right) - embed(by_text, wrong))[0]
    assert (interest @ margin > 0.1).all()
    neural = by_text.hybrid.neural_dim
    assert (interest[:, :neural] @ margin[:neural] > 0.1).all()  # the towers as well


def test_a_search_is_heard_by_its_words(by_text):
    """The scorer of words finds the odd items, the cold one too, and only those."""
    searching = by_text.embed_query(make_query([[]], query_text=["odd"]))
    gain = (searching - by_text.embed_query(make_query([[]]))).numpy()[0]
    neural = by_text.hybrid.neural_dim
    assert np.abs(gain[:neural]).max() > 0.01  # the towers hear it as well
    gains = by_text.hybrid.candidates.numpy()[:, neural:] @ gain[neural:]
    assert gains[1::2].min() > 0.5
    assert np.abs(gains[::2]).max() < 0.1


@pytest.mark.parametrize("history", [[], ["i01"], ["i01", "i02", "i05"]])
def test_a_profile_in_a_log_without_is_a_text_from_before_all_events(
    untrained, history
):
    both = make_query(
        [history] * 3, user_text=["odd", "", ""], query_text=["", "odd", ""]
    )
    profile, search, none = untrained.embed_query(both).numpy()
    assert np.abs(search - none).max() > 1e-3
    share = 0.5 ** (len(history) / 5)
    np.testing.assert_allclose(profile - none, share * (search - none), atol=1e-5)


def test_texts_are_encoded_or_zero(untrained):
    encoder = untrained.model.text_encoder
    found = untrained.new_items.text_vectors(tf.constant(["odd", "", "odd"]))
    expected = encoder(tf.constant(["odd"]))[0]
    expected = tf.concat(
        [expected, untrained.model.words(8)(tf.constant(["odd"]))[0]], 0
    )
    np.testing.assert_allclose(found, [expected, 0 * expected, expected], atol=1e-6)
    assert (untrained.new_items.text_vectors(tf.constant(["", ""])).numpy() == 0).all()


@pytest.mark.parametrize("history", [["new"], ["i01", "new", "i02"], ["new", "new"]])
def test_events_with_a_new_item_count_as_with_a_cold_one(untrained, history):
    """Towers and scorers know both by their texts only: the same interest."""
    row = COLD[0]
    about = (untrained.catalogue.titles[row], untrained.catalogue.categories[row])
    title, category = (tf.constant([each]) for each in about)
    texts = (title, tf.constant([""]), category)
    vectors, memories = untrained.new_items.embed(*texts, {})
    items = {"item_ids": tf.constant(["new"]), "vectors": vectors}
    items |= {"numbers": tf.zeros([1, 0]), "times": tf.zeros([1, 0], tf.int64)}
    items |= {"categories": category, "available_from": tf.constant([0], tf.int64)}
    items["available_until"] = items["text_keys"] = items["available_from"]
    items["after"] = tf.constant([""])
    fresh = untrained.new_items.make_fresh(items, memories, tf.constant([], tf.string))
    asked = untrained.embed_query(make_query([history]), fresh)
    cold = [names(row)[0] if each == "new" else each for each in history]
    expected = untrained.embed_query(make_query([cold])).numpy()
    np.testing.assert_allclose(asked, expected, rtol=1e-4, atol=1e-5)
    nobody = untrained.embed_query(make_query([[""]])).numpy()
    assert np.abs(expected - nobody).max() > 1e-2
