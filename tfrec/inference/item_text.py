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
    joined = tf.fill(tf.shape(titles), "")
    categories = tf.strings.regex_replace(categories, rf"(^|\|){MARK}[^|]*", "")
    for part in (titles, texts, tf.strings.regex_replace(categories, r"\|", ", ")):
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
