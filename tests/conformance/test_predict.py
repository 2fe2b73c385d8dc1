"""Every signature of an exact artefact, over gRPC."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.asking import strings
from tests.conformance.wrong import int32

PLACES = {"item_ids": np.object_, "scores": np.float32, "probabilities": np.float32}
CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # the width of a batch decides the rounding


def test_recommend_for_somebody_unknown(asking, version):
    request = asking.request("recommend", {"user_text": [""]})
    spec, answer = asking.answer(request)
    assert (spec.name, spec.version.value) == (asking.place.model, version)
    assert spec.signature_name == "recommend"
    assert {name: array.dtype for name, array in answer.items()} == PLACES
    assert {array.shape for array in answer.values()} == {(1, 10)}
    ids, scores = answer["item_ids"][0], answer["scores"][0]
    assert len(set(ids) - {b""}) == 10
    assert (np.diff(scores) <= 0).all()
    assert ((answer["probabilities"] > 0) & (answer["probabilities"] < 1)).all()


def test_the_default_signature_is_recommend(asking):
    spec, answer = asking.answer(asking.request("", {"user_text": [""]}))
    assert spec.signature_name == "serving_default"
    expected = asking.predict("recommend", user_text=[""])
    assert answer["item_ids"].tolist() == expected["item_ids"].tolist()


@pytest.mark.parametrize("signature", ["recommend", "embed_query"])
def test_inputs_that_are_absent_take_their_defaults(asking, signature):
    defaults = asking.signatures()[signature].defaults
    given = {name: tf.make_ndarray(value) for name, value in defaults.items()}
    assert given
    absent = asking.predict(signature, user_text=["a quiet evening"])
    sent = asking.predict(signature, user_text=["a quiet evening"], **given)
    for name, array in absent.items():
        if array.dtype == object:
            assert array.tolist() == sent[name].tolist()
        else:
            np.testing.assert_allclose(array, sent[name], **CLOSE)


def test_each_row_has_its_own_answer(asking, items):
    """Three users together, of unlike histories, `k` and exclusions, and each alone."""
    rows = {
        "user_text": strings("", "likes comedies", ""),
        "history_item_ids": strings([b"", items[0]], [items[1], items[2]], [b"", b""]),
        "k": int32(3, 5, 2),
        "exclude_item_ids": strings([items[3]], [b""], [items[0]]),
    }
    together = asking.predict("recommend", **rows)
    assert together["item_ids"].shape == (3, 5)
    for row, k in enumerate(rows["k"]):
        one = {name: array[row : row + 1] for name, array in rows.items()}
        alone = asking.predict("recommend", **one)
        assert together["item_ids"][row, :k].tolist() == alone["item_ids"][0].tolist()
        assert (together["item_ids"][row, k:] == b"").all()
        scores = together["scores"][row]
        np.testing.assert_allclose(scores[:k], alone["scores"][0], **CLOSE)
        assert np.isneginf(scores[k:]).all()


def test_what_was_seen_or_excluded_does_not_come(asking, items):
    history, excluded = strings(items[:2]), strings(items[2:4])
    request = {"user_text": [""], "k": int32(20), "history_item_ids": history}
    found = asking.predict("recommend", exclude_item_ids=excluded, **request)
    assert not set(items[:4]) & set(found["item_ids"][0])
    again = asking.predict("recommend", allow_repeats=[True], **request)
    assert set(items[:2]) & set(again["item_ids"][0])


def test_padding_changes_nothing_wherever_it_stands(asking, items):
    first, second = items[:2]
    answers = [
        asking.predict("recommend", user_text=[""], history_item_ids=strings(row))
        for row in ([first, second], [b"", first, b"", second], [first, second, b""])
    ]
    for answer in answers[1:]:
        assert answer["item_ids"].tolist() == answers[0]["item_ids"].tolist()
        np.testing.assert_allclose(answer["scores"], answers[0]["scores"], **CLOSE)


def test_places_that_stay_empty(asking):
    answer = asking.predict(
        "recommend", user_text=[""], categories=strings(["no such category"])
    )
    assert (answer["item_ids"] == b"").all()
    assert np.isneginf(answer["scores"]).all()


def test_an_interest_that_was_kept(asking, items):
    history = strings(items[:3])
    embedding = asking.predict("embed_query", user_text=[""], history_item_ids=history)[
        "embedding"
    ]
    assert embedding.dtype == np.float32
    found = asking.predict("recommend_from_interest", interest=embedding, k=int32(4))
    assert {array.shape for array in found.values()} == {(1, 4)}
    best = found["item_ids"][0, 0]
    others = asking.predict(
        "recommend_from_interest", interest=embedding, exclude_item_ids=strings([best])
    )
    assert best not in others["item_ids"]
    moved = asking.predict(
        "update_interest",
        interest=embedding,
        item_ids=strings(items[4]),
        reward=np.ones(1, "float32"),
        learning_rate=np.full(1, 0.1, "float32"),
    )["interest"]
    assert moved.shape == embedding.shape
    assert not np.allclose(moved, embedding)


def test_judging_given_items(asking, items):
    asked = {"user_text": [""], "history_item_ids": strings(items[:2])}
    asked["candidate_item_ids"] = strings([*items[4:6], b"no such item"])
    likely = asking.predict("score_interest", **asked)["probabilities"]
    assert likely.shape == (1, 3)
    assert ((likely >= 0) & (likely <= 1)).all()
    weights = asking.predict("explain", **asked)["history_weights"]
    assert weights.shape == (1, 3, 2)
    assert np.isfinite(weights).all()


def test_items_like_others(asking, items):
    asked = {"item_ids": [items[0], b"no such item"], "k": np.array([3, 2], "int32")}
    found = asking.predict("similar", **asked)
    assert found["item_ids"].shape == found["scores"].shape == (2, 3)
    assert items[0] not in found["item_ids"]
    assert (found["item_ids"][0] != b"").all()
    assert (found["item_ids"][1] == b"").all()
    assert np.isneginf(found["scores"][1]).all()


def test_judging_texts_alone(asking):
    people = ["likes quiet films", "likes quiet films", ""]
    titles = ["A quiet film", "A loud one", "A quiet film"]
    asked = {"user_text": people, "title": titles}
    likely = asking.predict("score_texts", **asked)["probabilities"]
    assert likely.shape == (3,)
    assert ((likely > 0) & (likely < 1)).all()


def test_a_new_item_has_an_embedding_as_long_as_a_query(asking):
    item = asking.predict("embed_candidate", title=["A quiet film", "A loud one"])
    query = asking.predict("embed_query", user_text=[""])
    assert item["embedding"].shape == (2, query["embedding"].shape[1])


@pytest.mark.parametrize("names", [["scores"], ["probabilities", "item_ids"]])
def test_only_the_outputs_asked_for(asking, names):
    answer = asking.predict("recommend", outputs=names, user_text=[""])
    assert sorted(answer) == sorted(names)


@pytest.mark.parametrize("form", ["content", "values", "last value goes on"])
def test_each_form_of_a_tensor(asking, form):
    request = asking.request("recommend", {"user_text": ["", ""]}, ["item_ids"])
    proto = request.inputs["k"]
    proto.dtype = tf.int32.as_datatype_enum
    proto.tensor_shape.dim.add(size=2)
    if form == "content":
        proto.tensor_content = int32(3, 3).tobytes()
    else:
        proto.int_val.extend([3, 3] if form == "values" else [3])
    assert asking.answer(request)[1]["item_ids"].shape == (2, 3)


def test_answers_hold_their_numbers_one_by_one(asking):
    """Without `--enable_serialization_as_tensor_content`: many read these fields."""
    request = asking.request("recommend", {"user_text": ["", ""], "k": int32(3, 3)})
    outputs = asking.prediction.Predict(request).outputs
    assert len(outputs["scores"].float_val) == 6
    assert len(outputs["item_ids"].string_val) == 6
    assert not any(proto.tensor_content for proto in outputs.values())


def test_a_version_by_its_number(asking, version):
    request = asking.request("recommend", {"user_text": [""]}, version=version)
    assert asking.answer(request)[0].version.value == version


def test_a_version_by_its_label(asking):
    if not asking.place.label:
        pytest.skip("LABEL names no version label of the server.")
    label = asking.place.label
    request = asking.request("recommend", {"user_text": [""]}, label=label)
    assert asking.answer(request)[0].version.value > 0


def test_text_is_bytes_in_utf8(asking):
    """The same letters as `str` and as UTF-8, and bytes that are none."""
    texts = strings("Café 東京", "Café 東京".encode(), b"\xff\xfe")
    embedding = asking.predict("embed_query", user_text=texts)["embedding"]
    np.testing.assert_allclose(embedding[0], embedding[1], **CLOSE)
    assert np.isfinite(embedding).all()
