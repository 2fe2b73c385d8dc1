"""The pretrained text tower: a BERT or RoBERTa, pooled, of unit length."""

import keras
import tensorflow as tf

from tfrec.errors import ConfigError
from tfrec.text.bert_block import BertBlock
from tfrec.text.bert_preset import load_preset
from tfrec.text.encoder import TextEncoder, masked_mean
from tfrec.text.sentence_pieces import make_tokenizer


@keras.saving.register_keras_serializable("tfrec")
class BertEncoder(TextEncoder):
    """Sentence vectors as sentence-transformers make them.

    Args:
        tokenizer: dict, settings of a `Tokenizer`, as `make_tokenizer` takes them.
        num_pieces: int, rows of the token embedding.
        num_layers: transformer blocks.
        num_heads: attention heads per block.
        dim: size of a vector.
        intermediate_dim: width of the feed-forward networks.
        trainable_layers: how many of the last blocks learn; 0 freezes everything,
            -1 trains everything, the embeddings too.
        dropout: share of activations dropped in training, in what learns.
        epsilon: float, added to variances.
        pooling: `"mean"` of the tokens' vectors, or `"cls"`, that of the first token.

    Raises:
        ConfigError: `trainable_layers` is below -1 or above `num_layers`.
    """

    def __init__(
        self,
        tokenizer,
        num_pieces,
        num_layers,
        num_heads,
        dim,
        intermediate_dim,
        trainable_layers=0,
        dropout=0.1,
        epsilon=1e-12,
        pooling="mean",
        **kwargs,
    ):
        super().__init__(make_tokenizer(tokenizer), dim, **kwargs)
        if not -1 <= trainable_layers <= num_layers:
            raise ConfigError(
                f"`trainable_layers` must be between -1 and {num_layers}, the blocks "
                f"of this BERT. Received: {trainable_layers}."
            )
        trains_all = trainable_layers == -1
        first = 0 if trains_all else num_layers - trainable_layers

        # === Layers ===
        self.token_embedding = keras.layers.Embedding(
            num_pieces, dim, trainable=trains_all
        )
        self.position_embedding = keras.layers.Embedding(
            self.max_length, dim, trainable=trains_all
        )
        self.embedding_norm = keras.layers.LayerNormalization(
            epsilon=epsilon, trainable=trains_all
        )
        self.embedding_dropout = keras.layers.Dropout(dropout if trains_all else 0.0)
        self.blocks = [
            BertBlock(
                num_heads,
                dim,
                intermediate_dim,
                epsilon,
                dropout=dropout if i >= first else 0.0,  # frozen: the same every step
            )
            for i in range(num_layers)
        ]
        for block in self.blocks[:first]:
            block.trainable = False
        for layer in (self.token_embedding, self.position_embedding):
            layer.build((None, None))
        self.embedding_norm.build((None, dim))

        # === Config ===
        self.num_pieces, self.num_layers = num_pieces, num_layers
        self.num_heads, self.intermediate_dim = num_heads, intermediate_dim
        self.trainable_layers, self.dropout = trainable_layers, dropout
        self.epsilon, self.pooling = epsilon, pooling

    @classmethod
    def from_preset(
        cls, preset="minilm", max_length=64, trainable_layers=0, pooling="mean"
    ):
        """A pretrained BERT, RoBERTa or XLM-R.

        Args:
            preset: `"minilm"` (all-MiniLM-L6-v2, 384 dimensions, downloaded at first
                use), a Hugging Face folder, or one of KerasHub's presets of a BERT.
            max_length: tokens per text.
            trainable_layers: see the class.
            pooling: see the class.

        Returns:
            A `BertEncoder`.

        Raises:
            ConfigError: there is no such model, or it is shorter than `max_length`.
            DownloadError: MiniLM cannot be downloaded.
            MissingPackageError: tensorflow-text is not installed, or KerasHub, whose
                preset it is.
        """
        arguments, weights = load_preset(preset, max_length)
        arguments |= {"trainable_layers": trainable_layers, "pooling": pooling}
        encoder = cls(**arguments)
        _assign(encoder, weights)
        return encoder

    def encode_tokens(self, token_ids, mask, training=None):
        length = tf.shape(mask)[1]
        tokens = self.token_embedding(token_ids)
        tokens += self.position_embedding(tf.range(length))
        tokens = self.embedding_norm(tf.reshape(tokens, [-1, self.dim]))
        tokens = self.embedding_dropout(tokens, training=training)
        for block in self.blocks:
            tokens = block(tokens, mask, training=training)
        hidden = tf.reshape(tokens, [-1, length, self.dim])
        if self.pooling == "cls":
            vectors = tf.cast(hidden[:, 0], tf.float32)
        else:
            vectors = masked_mean(hidden, mask)
        return tf.math.l2_normalize(vectors, axis=-1)

    def get_config(self):
        names = (
            *("dim", "num_pieces", "num_layers", "num_heads", "intermediate_dim"),
            *("trainable_layers", "dropout", "epsilon", "pooling"),
        )
        own = {name: getattr(self, name) for name in names}
        return super().get_config() | {"tokenizer": self.tokenizer.settings} | own


def _assign(encoder, weights):
    layers = [encoder.token_embedding, encoder.position_embedding]
    layers += [encoder.embedding_norm, *encoder.blocks]
    for layer, arrays in zip(layers, weights, strict=True):
        layer.set_weights(arrays)
