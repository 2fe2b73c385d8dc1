"""Tests of tfrec.retrieval.candidate_ids."""

import tensorflow as tf

from tfrec.retrieval.candidate_ids import CandidateIds


def test_there_and_back_in_any_shape():
    ids = CandidateIds(["x", "é", "日本"])
    rows = ids.rows_of(tf.constant([[["é", ""], ["nobody", "日本"]]]))
    assert rows.numpy().tolist() == [[[1, -1], [-1, 2]]]
    names = [[name.decode() for name in row] for row in ids.ids_of(rows)[0].numpy()]
    assert names == [["é", ""], ["", "日本"]]
