"""What every text encoder promises."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

TEXTS = ["A quiet film", "", "Café in space", "a film a film a film a film"]
FRESH_PROCESS = """
import sys
import numpy as np
import tensorflow as tf
import tensorflow_text
loaded = tf.saved_model.load(sys.argv[1])
texts = tf.constant(np.load(sys.argv[2]))
np.save(sys.argv[3], loaded.signatures["serving_default"](texts=texts)["vectors"])
assert not any(name.startswith(("tfrec", "keras_hub")) for name in sys.modules)
"""


class TextEncoderContract:
    """Subclass, define `make_encoder`, get the tests."""

    def make_encoder(self):
        """An encoder of at most 8 tokens whose vocabulary spells `TEXTS`."""
        raise NotImplementedError

    @pytest.fixture
    def encoder(self):
        return self.make_encoder()

    def test_one_float32_vector_per_text(self, encoder):
        vectors = encoder(TEXTS)
        assert vectors.shape == (4, encoder.dim)
        assert vectors.dtype == tf.float32
        assert np.isfinite(vectors).all()
        assert np.abs(vectors[0] - vectors[2]).max() > 1e-3

    def test_no_texts(self, encoder):
        assert encoder(tf.constant([], tf.string)).shape == (0, encoder.dim)

    def test_neighbours_have_no_influence(self, encoder):
        """Neither the order of a batch nor the padding it brings."""
        together = encoder(TEXTS).numpy()
        reverse = encoder(TEXTS[::-1]).numpy()[::-1]
        alone = np.concatenate([encoder([text]) for text in TEXTS])
        np.testing.assert_allclose(together, reverse, atol=1e-6)
        np.testing.assert_allclose(together, alone, atol=1e-6)

    def test_the_order_of_words_has(self, encoder):
        forward, backward = encoder(["quiet film", "film quiet"])
        assert np.abs(forward - backward).max() > 1e-4

    def test_accents_and_case_have_none(self, encoder):
        """Composed, decomposed, absent."""
        vectors = encoder(["CAFÉ", "cafe\u0301", "cafe"]).numpy()
        np.testing.assert_allclose(vectors, vectors[[2, 2, 2]], atol=1e-6)

    def test_long_text_is_cut(self, encoder):
        words = "film " * (encoder.max_length - 2)
        kept, cut = encoder([words, words + "quiet space"]).numpy()
        np.testing.assert_allclose(kept, cut, atol=1e-6)

    def test_config_round_trip(self, encoder):
        """The copy has the settings; with the weights it is the same encoder."""
        copy = type(encoder).from_config(encoder.get_config())
        assert copy.fingerprint != encoder.fingerprint
        copy.set_weights(encoder.get_weights())
        assert copy.fingerprint == encoder.fingerprint
        assert copy.is_trainable == encoder.is_trainable
        np.testing.assert_array_equal(copy(TEXTS), encoder(TEXTS))

    def test_saved_model_in_a_fresh_process(self, encoder, tmp_path):
        """Raw strings in, equal vectors out, without our code; any batch size."""
        module = tf.Module()
        module.encoder = encoder
        spec = tf.TensorSpec([None], tf.string, name="texts")
        signature = tf.function(
            lambda texts: {"vectors": encoder(texts)},
            input_signature=[spec],
        )
        folder, texts, found = (str(tmp_path / n) for n in ("model", "t.npy", "f.npy"))
        tf.saved_model.save(module, folder, signatures=signature)
        np.save(texts, [text.encode() for text in TEXTS + TEXTS[:1]])
        command = [sys.executable, "-W", "ignore", "-c", FRESH_PROCESS]
        subprocess.run([*command, folder, texts, found], check=True)
        np.testing.assert_allclose(
            np.load(found), encoder(TEXTS + TEXTS[:1]), atol=1e-6
        )
