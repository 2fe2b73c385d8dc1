"""What of a catalogue's texts an encoder can read, measured on a sample."""

import collections
import dataclasses
import logging
import unicodedata

import numpy as np
import tensorflow as tf

from tfrec.text.bert_preset import minilm_tokenizer
from tfrec.text.characters import plain
from tfrec.text.encoder import TextEncoder

logger = logging.getLogger(__name__)

SAMPLE = 2000  # texts
LATIN, HAN = "Latin", "Han"
# MiniLM has learnt from English: from here on the multilingual encoder is taken.
MAX_FOREIGN = 0.2  # share of letters that are not Latin
MAX_UNKNOWN = 0.05  # share of tokens that are [UNK]
RARE = 0.001  # share of letters below which a script is not named


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextReading:
    """How much of the texts an encoder knows."""

    unknown_tokens: float | None  # share; None for an encoder without tokens
    scripts: dict  # name -> share of all letters, most frequent first


def read_texts_with(encoder, texts):
    """The `TextReading` of some texts by an encoder.

    Args:
        encoder: text encoder.
        texts: `[n]` sequence of strings.

    Returns:
        `TextReading`, or None without an encoder or any text.
    """
    texts = _sample(texts)
    if encoder is None or not len(texts):
        return None
    unknown = None
    if isinstance(encoder, TextEncoder):
        prepared = encoder.prepare(tf.constant(texts, tf.string))
        unknown = unknown_share(encoder.tokenizer, prepared)
    return TextReading(unknown_tokens=unknown, scripts=script_shares(texts))


def choose_preset(texts):
    """The encoder for some texts, as `text.preset = "auto"` has it.

    Args:
        texts: `[n]` sequence of strings.

    Returns:
        `"multilingual"` where MiniLM cannot read them, else `"minilm"`.

    Raises:
        DownloadError: MiniLM's vocabulary cannot be downloaded.
    """
    texts = _sample(texts)
    scripts = script_shares(texts)
    foreign = 1 - scripts.get(LATIN, 0.0) if scripts else 0.0
    if foreign >= MAX_FOREIGN:
        found = f"{foreign:.1%} of their letters are not Latin"
    else:
        prepared = plain(tf.constant(texts, tf.string))
        unknown = unknown_share(minilm_tokenizer(), prepared)
        if unknown < MAX_UNKNOWN:
            return "minilm"
        found = f"{unknown:.1%} of their tokens are unknown to it"
    logger.warning(
        "MiniLM cannot read the texts: %s. The multilingual encoder does so instead.",
        found,
    )
    return "multilingual"


def unknown_share(tokenizer, texts):
    """Share of the tokens of `[n]` strings that a `Tokenizer` cannot spell."""
    pieces = tokenizer.pieces(texts).flat_values.numpy()
    return float((pieces == tokenizer.unknown).mean()) if len(pieces) else 0.0


def script_shares(texts):
    """Script -> share of the letters of texts, most frequent first.

    Example:
        >>> script_shares(["手机 ok", "12!"])
        {'Han': 0.5, 'Latin': 0.5}
    """
    scripts: collections.Counter[str] = collections.Counter()
    for letter, count in collections.Counter("".join(texts)).items():
        if letter.isalpha():
            scripts[_script(letter)] += count
    total = scripts.total()
    shares = {script: count / total for script, count in scripts.most_common()}
    return {script: share for script, share in shares.items() if share >= RARE}


def _script(letter):
    """Its name is the first word of the letter's own."""
    name = unicodedata.name(unicodedata.normalize("NFKC", letter)[0], "other")
    first = name.partition(" ")[0].capitalize()
    return HAN if first == "Cjk" else first


def _sample(texts):
    texts = np.array([text for text in texts if text], object)
    if len(texts) <= SAMPLE:
        return texts
    rows = np.random.default_rng(0).choice(len(texts), SAMPLE, replace=False)
    return texts[np.sort(rows)]
