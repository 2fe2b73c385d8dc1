"""Tests of tfrec.export.saved_functions."""

import gc

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from tfrec.export.artefact import read_graph
from tfrec.export.calls import Call
from tfrec.export.saved_functions import can_load, load_functions
from tfrec.export.servable import Servable
from tfrec.export.signature_alias import share_signature

TEXT = tf.TensorSpec([None], tf.string, name="word")
AMOUNT = tf.TensorSpec([None], tf.float32, name="amount")


class Shop(tf.Module):
    """Captures a variable, a constant, and tables filled by tensors and by a file."""

    def __init__(self, folder, price):
        super().__init__()
        self.prices = {"price": tf.Variable([price])}  # under a name that is no name
        self.bonus = tf.constant([0.5])
        keys, values = tf.constant(["a", "b"]), tf.constant([price, 2 * price])
        fill = tf.lookup.KeyValueTensorInitializer(keys, values)
        self.table = tf.lookup.StaticHashTable(fill, -1.0)
        path = folder / "words.txt"
        path.write_text("b\na\n", encoding="utf-8")
        lines = tf.lookup.TextFileInitializer(
            str(path),
            *(tf.string, tf.lookup.TextFileIndex.WHOLE_LINE),
            *(tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
        )
        self.rows = tf.lookup.StaticHashTable(lines, -1)
        self.live = {"double": self.total.get_concrete_function()}

    @tf.function(input_signature=[TEXT, AMOUNT])
    def total(self, word, amount):
        price = (self.table.lookup(word) + self.prices["price"]) * amount
        cost = tf.cond(amount[0] > 0, lambda: price, lambda: -price)
        return {"total": cost, "rows": self.rows.lookup(word)}

    @tf.function(input_signature=[AMOUNT])
    def reduced(self, amount):
        return {"amount": amount - self.bonus}


def save(folder, price):
    folder.mkdir()
    shop = Shop(folder, price)
    signatures = {"total": shop.total, "again": shop.total, "reduced": shop.reduced}
    tf.saved_model.save(shop, str(folder / "1"), signatures=signatures)
    return folder / "1"


def load(folder):
    return load_functions(folder, read_graph(folder))


INPUTS = {
    "amount": np.array([3.0, 1.0, 1.0], np.float32),
    "word": np.array(["a", "b", "c"], object),
}


def total(function):
    answer = Call(function)(**INPUTS)
    return {name: value.numpy().tolist() for name, value in answer.items()}


def test_versions_answer_by_their_own_variables_and_tables(tmp_path):
    """At prices 1 and 10; (1 + 1) 3, (2 + 1) 1, (-1 + 1) 1, and ten times the first."""
    first, second = (load(save(tmp_path / str(n), n)) for n in (1.0, 10.0))
    for functions in (first.signatures["total"], first.live["double"]):
        assert total(functions) == {"total": [6.0, 3.0, 0.0], "rows": [1, 0, -1]}
    assert total(second.signatures["total"])["total"] == [60.0, 30.0, 9.0]
    reduced = second.signatures["reduced"](amount=np.array([2.0], np.float32))
    assert reduced["amount"].numpy().tolist() == [1.5]


def test_equals_what_tensorflow_loads(tmp_path):
    folder = save(tmp_path / "1", 1.0)
    assert can_load(read_graph(folder))
    plain, ours = tf.saved_model.load(str(folder)), load(folder)
    assert ours.signatures.keys() == plain.signatures.keys()
    for name, theirs in plain.signatures.items():
        mine = ours.signatures[name]
        inputs = [f.structured_input_signature[1] for f in (mine, theirs)]
        assert inputs[0] == inputs[1]
        assert mine.structured_outputs == theirs.structured_outputs
    assert total(ours.signatures["total"]) == total(plain.signatures["total"])


def is_there(table):
    try:
        return bool(tf.raw_ops.LookupTableSizeV2(table_handle=table))
    except tf.errors.OpError:
        return False


def test_nothing_stays_when_a_version_is_let_go(tmp_path):
    loaded = load(save(tmp_path / "1", 1.0))
    function = loaded.signatures["total"]
    call, name = Call(function), function.call_flat.args[0]
    tables = [each for each in function.captured_inputs if is_there(each)]
    assert len(tables) == 2
    del loaded, function
    gc.collect()
    assert total_of(call) == [6.0, 3.0, 0.0]
    assert context.context().has_function(name)
    del call
    gc.collect()
    assert not context.context().has_function(name)
    assert not any(map(is_there, tables))


def test_a_version_that_is_let_go_leaves_no_trace_in_another_graph(tmp_path):
    """Garbage is collected at any time, also while a function is being traced."""
    held = [load(save(tmp_path / "1", 1.0))]
    captured = held[0].signatures["total"].captured_inputs
    tables = [each for each in captured if is_there(each)]
    del captured

    @tf.function(input_signature=[tf.TensorSpec([])])
    def double(number):
        held.clear()
        gc.collect()
        return number * 2

    traced = double.get_concrete_function()
    assert not traced.captured_inputs
    assert tables
    assert not any(map(is_there, tables))


def total_of(call):
    return call(**INPUTS)["total"].numpy().tolist()


def test_two_names_of_one_signature_are_one_function(tmp_path):
    folder = save(tmp_path / "1", 1.0)
    signatures = load(folder).signatures
    assert signatures["total"] is not signatures["again"]
    share_signature(folder, "again", "total")
    signatures = load(folder).signatures
    assert signatures["total"] is signatures["again"]


def test_graphs_of_tensorflow_1_are_for_others(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        tf.compat.v1.saved_model.simple_save(
            session, str(tmp_path / "1"), {"x": x}, {"y": 2 * x}
        )
    assert not can_load(read_graph(tmp_path / "1"))
    servable = Servable.load(tmp_path / "1")
    answer = servable.run("", {"x": np.array([1.5], np.float32)})
    assert answer["y"].tolist() == [3.0]
