"""The text of a new item, put together in the graph as for the catalogue's own."""

import tensorflow as tf

from tfrec.data.domains import MARK

SPACE = r"[ \t\r\n]"


def join_item_texts(titles, texts, categories):
    """What `tfrec.data.schema.join_texts` makes of each item, in TensorFlow ops.

    Args:
        titles: `[n]` string tensor.
        texts: `[n]` string tensor.
        categories: `[n]` string tensor such as `"drama|war"`; domains among them are
            no part of the text.

    Returns:
        `[n]` string tensor.
    """
    categories = tf.strings.regex_replace(categories, rf"(^|\|){MARK}[^|]*", "")
    return _join([titles, texts, _with_commas(categories)])


def with_words(texts, columns, side, inputs):
    """Texts, and after them the feature columns that are part of them.

    Args:
        texts: `[n]` string tensor.
        columns: `FeatureColumn`s whose words are read, of any side.
        side: whose columns these texts have.
        inputs: dict of input name -> `[n]` string tensor; others are `""`.

    Returns:
        `[n]` string tensor, as `tfrec.data.log_features.with_feature_words` has them.
    """
    names = [each.input_name for each in columns if each.side == side]
    found = [inputs[name] for name in names if name in inputs]
    return _join([texts, *map(_with_commas, found)]) if found else texts


def _with_commas(names):
    return tf.strings.regex_replace(names, r"\|", ", ")


def _join(parts):
    joined = tf.fill(tf.shape(parts[0]), "")
    for part in parts:
        part = tf.strings.regex_replace(part, f"^{SPACE}+", "")
        part = tf.strings.regex_replace(part, rf"{SPACE}+$", "")
        part = tf.strings.regex_replace(part, r"[ \t\r\n.]+$", "")
        longer = tf.where(joined == "", part, joined + ". " + part)
        joined = tf.where(_ends_with(joined, part), joined, longer)
    return joined


def _ends_with(whole, end):
    size = tf.strings.length(end)
    start = tf.strings.length(whole) - size
    tail = tf.strings.substr(whole, tf.maximum(start, 0), size)
    return (start >= 0) & (tail == end)
