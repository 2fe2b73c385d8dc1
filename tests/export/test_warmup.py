"""Tests of tfrec.export.warmup."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from tfrec.errors import ArtefactError
from tfrec.export.warmup import (
    WARMUP_FILE,
    fill_defaults,
    read_warmup,
    write_warmup,
)


def write_records(folder, *records):
    with tf.io.TFRecordWriter(str(folder / WARMUP_FILE)) as writer:
        for record in records:
            writer.write(record)


def test_what_is_written_is_read(copy, requests):
    write_warmup(copy, "toy", requests)
    found = read_warmup(copy)
    assert [name for name, _ in found] == ["recommend", "embed_query"]
    inputs = found[0][1]
    assert inputs["user_text"].tolist() == ["né".encode(), b""]
    assert inputs["history_item_ids"].tolist() == [[b"", b"a"], [b"b", "café".encode()]]
    assert inputs["k"].tolist() == [2, 3]
    assert inputs["k"].dtype == np.int32
    assert inputs["history_timestamps"].dtype == np.int64


def test_the_file_is_what_tf_serving_reads(copy, requests):
    write_warmup(copy, "toy", requests[1:])
    path = copy / "assets.extra" / "tf_serving_warmup_requests"
    (record,) = tf.data.TFRecordDataset([str(path)]).as_numpy_iterator()
    log = prediction_log_pb2.PredictionLog.FromString(record)
    request = log.predict_log.request
    assert request.model_spec.name == "toy"
    assert request.model_spec.signature_name == "embed_query"
    assert request.inputs["user_text"].string_val[:] == [b"abc"]


def test_defaults_give_way_to_what_is_sent(toy, requests):
    (_, first), (_, last) = fill_defaults(toy, requests)
    assert first["k"].tolist() == [2, 3]
    assert last["history_item_ids"].tolist() == [[b""]]
    assert last["now"].tolist() == [0]
    assert "k" not in last  # no input of `embed_query`


@pytest.mark.parametrize("count", [0, 1001])
def test_servers_limits_hold(copy, requests, count):
    with pytest.raises(ArtefactError, match=f"1 to 1000 .* Received: {count}"):
        write_warmup(copy, "toy", requests[1:] * count)


@pytest.mark.parametrize("count", [0, 1001])
def test_files_beyond_the_limits_are_refused(copy, count):
    write_records(copy, *[b""] * count)
    with pytest.raises(ArtefactError, match=f"1 to 1000 records. Received: {count}"):
        read_warmup(copy)


def test_other_records_are_refused(copy):
    log = prediction_log_pb2.PredictionLog()
    log.classify_log.request.model_spec.name = "toy"
    write_records(copy, log.SerializeToString())
    with pytest.raises(ArtefactError, match="record 1 must be a Predict request"):
        read_warmup(copy)
    write_records(copy, b"\xff")
    with pytest.raises(ArtefactError, match="record 1 is no PredictionLog"):
        read_warmup(copy)


def test_broken_files_are_named(copy):
    (copy / WARMUP_FILE).write_bytes(b"no records here")
    with pytest.raises(ArtefactError, match="warmup_requests cannot be read"):
        read_warmup(copy)


def test_without_a_file_there_are_no_requests(copy):
    (copy / WARMUP_FILE).unlink()
    assert read_warmup(copy) == []
