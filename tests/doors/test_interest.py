"""What counts as interest and what is answered, over HTTP and gRPC, by a real model."""

import dataclasses
import unittest.mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from serving.gateway import recommendations as recommending
from serving.user_states.memory import MemoryStates
from tests.conformance.asking import Asking, Place
from tests.model.checkerboard import (
    CLOSED,
    NUM_ITEMS,
    START,
    checkerboard,
    small_config,
)
from tests.serving.local_server import serving
from tests.serving.online.gateway_process import gateway_thread
from tfrec.client.client import RecommenderClient
from tfrec.export.servable import Servable
from tfrec.export.signatures import Signatures
from tfrec.inference.inference import exact_inference
from tfrec.training.building import make_hybrid, make_towers

NOW = START + 8 * 86_400
END = START + 10 * 86_400  # of item i00, the only one with an end
SEEN = {"item_id": "i03", "event": "rating", "value": 5.0, "timestamp": NOW - 60}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A version of a model, not trained, of ratings (1 to 5) and dislikes."""
    dataset, log = checkerboard()
    places = np.arange(len(log))
    log = dataclasses.replace(
        log,
        event_names=np.array(["dislike", "rating"], object),
        event_rows=(places % 4 > 0).astype(np.int32),
        labels=np.where(places % 4, 1, -1).astype(np.int8),
        values=(1.0 + places % 5).astype(np.float32),
    )
    keras.utils.set_random_seed(0)
    model = make_hybrid(
        small_config(), make_towers(small_config()).adapt(log, dataset.items)
    )
    model.fit_scorers(log, names=[*CLOSED, "rating_factors"])
    signatures = Signatures(
        exact_inference(model.hybrid_scorer(), max_interest_norm=50.0)
    )
    version = tmp_path_factory.mktemp("saved_models") / "toy" / "1"
    tf.saved_model.save(signatures, str(version), signatures.functions())
    return version


@pytest.fixture(scope="module")
def target(folder):
    """Address of a server of it."""
    with serving(folder.parent, Servable.load(folder)) as server:
        yield server.address


@pytest.fixture
def ask(target):
    """A gateway's `Http`."""
    with gateway_thread(MemoryStates(), target) as ask:
        yield ask


@pytest.fixture(scope="module")
def grpc_asking(target):
    return Asking(Place(target, "", "toy"))


def post(ask, user_id, **event):
    status, body = ask("POST", "/v1/events", {"user_id": user_id, **SEEN, **event})
    assert status == 202, body


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


def session(ask, *events, **wishes):
    body = {"history": events, "now": NOW, **wishes}
    return ask("POST", "/v1/sessions/recommendations", body)


# === Extreme numbers ===


@pytest.mark.parametrize("value", [3e38, -3e38, 1e-40, 0.0])
@pytest.mark.parametrize("mode", ["history", "interest"])
def test_no_accepted_value_empties_a_list(ask, value, mode):
    for item_id in ("i03", "i05"):
        post(ask, "ann", item_id=item_id, value=value)
        answer = ask.recommend("ann", k=5, now=NOW, mode=mode)
        assert len(answer["items"]) == 5
    status, answer = session(ask, SEEN | {"value": value}, k=NUM_ITEMS)
    assert (status, len(answer["items"])) == (200, NUM_ITEMS - 1)


@pytest.mark.parametrize("value", [b"1e39", b"-1e300", b"Infinity", b"-Infinity"])
def test_events_and_sessions_take_the_same_values(ask, value):
    event = b'{"user_id": "bob", "item_id": "i03", "timestamp": 1, "value": %s}' % value
    history = b'{"history": [{"item_id": "i03", "value": %s}]}' % value
    bodies = {"/v1/events": event, "/v1/sessions/recommendations": history}
    for path, body in bodies.items():
        status, answer = ask("POST", path, body)
        assert status == 422
        assert "must be a finite number of 32 bits. Received: " in answer["detail"]
    status, answer = ask("POST", "/v1/sessions/recommendations", history)
    nan = history.replace(value, b"NaN")  # a typical one, as in events
    assert ask("POST", "/v1/sessions/recommendations", nan)[0] == 200


@pytest.mark.parametrize("timestamp", [0, -1, 10**11, -2_208_988_800])
def test_no_time_of_a_session_empties_a_list(ask, timestamp):
    status, answer = session(ask, SEEN | {"timestamp": timestamp}, k=5)
    assert (status, len(answer["items"])) == (200, 5)


def test_times_that_cannot_be_are_refused_in_words(ask):
    odd = [2**62, -(2**62), 2**63 - 1, 2**64]
    bodies = [{"history": [SEEN | {"timestamp": time}]} for time in odd]
    for body in [*bodies, {"now": 2**64}]:
        status, answer = ask("POST", "/v1/sessions/recommendations", body)
        assert status == 422
        assert answer["detail"]


def test_any_number_over_grpc(grpc_asking):
    """The extremes, row by row, beside a row that is as it should be."""
    numbers = [5.0, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan]
    times = [NOW, 0, -1, 10**11, -(10**11), 1]  # others are refused
    size = len(numbers)
    answer = grpc_asking.predict(
        "recommend",
        user_text=np.array([""] * size, object),
        history_item_ids=np.array([["i03"]] * size, object),
        history_values=np.array(numbers, np.float32)[:, None],
        history_timestamps=np.array(times)[:, None],
        now=np.full(size, NOW),
        k=np.full(size, NUM_ITEMS, np.int32),
        min_probability=np.array([0.0] + [np.nan] * (size - 1), np.float32),
        diversity=np.array([1.0] + [np.nan] * (size - 1), np.float32),
    )
    assert ((answer["item_ids"] != b"").sum(axis=1) == NUM_ITEMS - 1).all()
    assert np.isfinite(answer["scores"][:, : NUM_ITEMS - 1]).all()


def test_clients_are_told_in_words(target):
    with RecommenderClient(target, "toy") as client:
        vector = client.embed_query(["i03"]).copy()
        vector[0] = np.nan
        with pytest.raises(ValueError, match="`interest` must be finite"):
            client.recommend_from_interest(vector)
        with pytest.raises(ValueError, match="`reward` must be a finite number"):
            client.update_interest(np.ones_like(vector), "i03", np.inf, 1.0)


# === What was not learnt ===


def test_a_skip_that_was_not_learnt_only_hides(ask):
    nobody = ask.recommend("nobody", k=NUM_ITEMS, now=NOW)
    post(ask, "cid", event="skip", value=None)
    answer = ask.recommend("cid", k=NUM_ITEMS, now=NOW)
    assert answer["reason_code"] == "cold_user"
    assert ids(answer) == [item_id for item_id in ids(nobody) if item_id != "i03"]
    again = ask.recommend("cid", k=NUM_ITEMS, now=NOW, allow_repeats=True)
    assert "i03" not in ids(again)
    post(ask, "dan")
    assert ids(ask.recommend("dan", k=NUM_ITEMS, now=NOW)) != ids(answer)


def test_nor_does_it_count_over_grpc(grpc_asking):
    def ask(item_ids, events):
        size = len(item_ids)
        history = {
            "history_item_ids": np.array([item_ids], object),
            "history_events": np.array([events], object),
            "history_values": np.full([1, size], 5.0, np.float32),
            "history_timestamps": np.full([1, size], NOW - 60),
        }
        user = {"user_text": np.array([""], object), "now": np.array([NOW])}
        return user | history

    with_skip = ask(["i03", "i05"], ["rating", "skip"])
    k = np.array([NUM_ITEMS], np.int32)
    found = grpc_asking.predict("recommend", **with_skip, k=k)["item_ids"]
    alone = ask(["i03"], ["rating"])
    expected = grpc_asking.predict(
        "recommend", **alone, k=k, exclude_item_ids=np.array([["i05"]], object)
    )["item_ids"]
    assert found.tolist() == expected.tolist()
    named = {"candidate_item_ids": np.array([["i07", "i08"]], object)}
    for name in ("embed_query", "score_interest"):
        more = named if name == "score_interest" else {}
        answers = [
            grpc_asking.predict(name, **each, **more) for each in (with_skip, alone)
        ]
        (first,), (second,) = (each.values() for each in answers)
        np.testing.assert_allclose(first, second, atol=1e-5)
    weights = grpc_asking.predict("explain", **with_skip, **named)["history_weights"]
    assert (weights[..., 1] == 0).all()


def test_the_page_sends_what_the_model_learnt(ask):
    status, settings = ask("GET", "/v1/page")
    assert status == 200
    assert settings["like"] == {"event": "rating", "value": 5.0}
    assert settings["skip"] == {"event": "dislike", "value": 1.0}
    assert not settings["is_skip_hidden"]


# === What is on offer, and wishes ===


def test_no_item_comes_after_its_end(ask, monkeypatch):
    """The clock of the gateway, which it tells the model."""
    clock = unittest.mock.Mock()
    monkeypatch.setattr(recommending, "time", clock)
    for clock.time.return_value, is_there in ((END - 0.2, True), (END + 0.2, False)):
        assert ("i00" in ids(ask.recommend("eve", k=NUM_ITEMS))) == is_there


@pytest.mark.parametrize("mode", ["history", "interest"])
def test_least_probability_and_diversity(ask, mode):
    post(ask, "fay")
    plain = ask.recommend("fay", k=NUM_ITEMS, now=NOW, mode=mode)
    chances = [item["probability"] for item in plain["items"]]
    least = float(np.median(chances))
    wishes = {"k": NUM_ITEMS, "now": NOW, "mode": mode, "min_probability": least}
    likely = ask.recommend("fay", **wishes)
    assert set(ids(likely)) == {
        item_id
        for item_id, chance in zip(ids(plain), chances, strict=True)
        if chance >= np.float32(least)
    }
    diverse = ask.recommend("fay", k=NUM_ITEMS, now=NOW, mode=mode, diversity=1)
    assert set(ids(diverse)) == set(ids(plain))
    assert ids(diverse) != ids(plain)


@pytest.mark.parametrize("name", ["min_probability", "diversity"])
@pytest.mark.parametrize("value", ["nan", "-0.1", "1.5", "inf", "much"])
def test_shares_out_of_bounds_are_refused_in_words(ask, name, value):
    path = f"/v1/users/ann/recommendations?{name}={value}"
    status, answer = ask("GET", path)
    assert status == 422
    assert f"`{name}` must be" in answer["detail"]


def test_sessions_have_the_same_wishes(ask):
    assert session(ask, SEEN, min_probability=1.0)[1]["items"] == []
    assert ids(session(ask, SEEN, diversity=1.0)[1]) != ids(session(ask, SEEN)[1])
    for name in ("min_probability", "diversity"):
        status, answer = session(ask, SEEN, **{name: 1.5})
        assert status == 422
        assert f"`{name}` must be" in answer["detail"]


def test_boosts_of_a_saved_model(target):
    """Each score is that without, and what the item's labels get; i00 is even."""
    with RecommenderClient(target, "toy", timeout_s=100) as client:
        how = {"k": NUM_ITEMS, "now": NOW}
        plain = {each.item_id: each for each in client.recommend(["i03"], **how)}
        found = client.recommend(["i03"], boosts={"odd": 30.0, "even": -1.0}, **how)
    assert {each.item_id for each in found} == set(plain)
    for each in found:
        lift = 30.0 if int(each.item_id[1:]) % 2 else -1.0
        usual = plain[each.item_id]
        assert each.score == pytest.approx(usual.score + lift, abs=1e-3)
        assert each.probability == pytest.approx(usual.probability, abs=1e-4)
    assert [int(each.item_id[1:]) % 2 for each in found] == [1] * 7 + [0] * 8
