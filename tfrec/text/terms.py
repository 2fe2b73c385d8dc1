"""Words of a text as hashed, weighted terms, in the graph and in any language."""

import tensorflow as tf

from tfrec.text.characters import plain, simplified

NUM_BUCKETS = 2**15
MAX_TERMS = 96  # words per text; longer text is cut


def split_terms(texts):
    """Buckets of the words of each text.

    Words are runs of letters and digits, lower-cased, half-width and, in Chinese,
    simplified; where a script puts no
    spaces between words, each character is one.

    Args:
        texts: `[n]` string tensor.

    Returns:
        `[n, width]` int32 tensor, -1 for padding; `width` is at most `MAX_TERMS`.
    """
    lower = tf.strings.lower(simplified(plain(texts)), encoding="utf-8")
    spaced = tf.strings.regex_replace(
        lower, r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])", r" \1 "
    )
    words = tf.strings.split(
        tf.strings.regex_replace(spaced, r"[^\p{L}\p{M}\p{N}]+", " ")
    )
    buckets = tf.strings.to_hash_bucket_fast(words, NUM_BUCKETS)
    buckets = tf.cast(buckets[:, :MAX_TERMS], tf.int32)
    return buckets.to_tensor(default_value=-1)


def term_weights(buckets, idf, mean_length, k1, b):
    """BM25's weight of each term, shared out among its repetitions.

    Args:
        buckets: `[n, width]` int32 tensor, -1 for padding.
        idf: `[NUM_BUCKETS]` float tensor, inverse document frequencies.
        mean_length: float, words of an average text.
        k1: float, at least 0: how many repetitions of a word still count.
        b: float in [0, 1], how much the words of long texts are discounted.

    Returns:
        `[n, width]` float32 tensor, 0 for padding, scaled so that the vector of a
        text's distinct terms has length 1.

    Reference:
        Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and
        Beyond, 2009, https://doi.org/10.1561/1500000019
    """
    is_real = buckets >= 0
    same = (buckets[:, :, None] == buckets[:, None, :]) & is_real[:, None, :]
    counts = tf.maximum(tf.reduce_sum(tf.cast(same, tf.float32), axis=2), 1.0)
    lengths = tf.reduce_sum(tf.cast(is_real, tf.float32), axis=1, keepdims=True)
    norm = 1 - b + b * lengths / mean_length
    saturated = (k1 + 1) / (counts + k1 * norm)
    weights = tf.gather(idf, tf.maximum(buckets, 0)) * saturated
    weights = tf.where(is_real, weights, 0.0)
    # A term that stands c times holds c equal shares: (c w)^2 = c times c w^2.
    square = tf.reduce_sum(counts * weights**2, axis=1, keepdims=True)
    return weights * tf.math.rsqrt(tf.maximum(square, 1e-12))
