"""Files of what the towers learnt from the data, beside the weights in a `.keras`."""

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from tfrec.data.coded_columns import CodedColumns
from tfrec.data.history import ValueScale
from tfrec.data.interactions import EVENT_ARRAYS, Interactions
from tfrec.data.log_features import LogFeatures
from tfrec.data.packing import queries_at_end
from tfrec.feature_columns import SIDES, FeatureColumn
from tfrec.features.side_coder import SideCoder
from tfrec.text.bm25_vectors import Words
from tfrec.text.factory import encoder_from_json, encoder_to_json
from tfrec.towers.adapted_state import AdaptedState
from tfrec.towers.catalogue import Catalogue
from tfrec.towers.event_kinds import EventKinds

FACTS, ENCODER = "facts.json", "text_encoder_{}.json"
FEATURES, CELLS = "features.json", "features_of_{}.npz"
CATALOGUE = dataclasses.fields(Catalogue)  # but for what is derived from them
VECTORS, WORDS = "text_vectors.npz", "words.npz"


def write_state(state, folder):
    """Writes a state as files; of the log, the events of the sample of users alone.

    Args:
        state: `AdaptedState`.
        folder: path of a folder that exists.
    """
    sample = state.sample_queries
    log = sample.interactions
    log = log.select(np.isin(log.user_rows, sample.user_rows))
    tables = {
        "catalogue": {f.name: vars(state.catalogue)[f.name] for f in CATALOGUE},
        "kinds": vars(state.kinds),
        "profiles": {"text": state.profile_texts},
        "event_texts": {"text": state.event_texts},
        "events": {name: getattr(log, name) for name in EVENT_ARRAYS},
        "sample": {"user_rows": sample.user_rows},
    }
    for name, columns in tables.items():
        path = pathlib.Path(folder, f"{name}.parquet")
        pd.DataFrame(columns).to_parquet(path, index=False)
    facts = {"allow_repeats": state.allow_repeats, **vars(state.standardise)}
    pathlib.Path(folder, FACTS).write_text(json.dumps(facts), "utf-8")
    context = (log.features or state.features).context
    features = dataclasses.replace(state.features, context=context)
    _write_features(features, state.coders, folder)


def read_state(folder):
    """Reads what `write_state` wrote; the users of the sample have no ids."""
    catalogue = Catalogue(**_columns(folder, "catalogue"))
    kinds = EventKinds(**_columns(folder, "kinds"))
    profiles = _columns(folder, "profiles")["text"]
    features, coders = _read_features(folder)
    events = _columns(folder, "events")
    log = _sample_log(events, catalogue, kinds, len(profiles), features)
    facts = json.loads(pathlib.Path(folder, FACTS).read_text("utf-8"))
    return AdaptedState(
        catalogue=catalogue,
        kinds=kinds,
        allow_repeats=facts.pop("allow_repeats"),
        standardise=ValueScale(**facts),
        profile_texts=profiles,
        event_texts=_columns(folder, "event_texts")["text"],
        features=features,
        coders=coders,
        sample_queries=queries_at_end(log, _columns(folder, "sample")["user_rows"]),
    )


def write_texts(encoders, words, vectors, folder):
    """Writes how texts became vectors, and the vectors.

    Args:
        encoders: list of layers of `tfrec.text`, or None; weights are left out.
        words: `Words`, or None.
        vectors: dict of name -> `[n, text_dim]` float tensor.
        folder: path of a folder that exists.

    Raises:
        ConfigError: an encoder is no Keras layer.
    """
    folder = pathlib.Path(folder)
    for number, encoder in enumerate(encoders):
        path = folder / ENCODER.format(number)
        path.write_text(encoder_to_json(encoder), "utf-8")
    arrays: dict[str, Any] = {name: np.asarray(v) for name, v in vectors.items()}
    np.savez(folder / VECTORS, **arrays)
    if words is not None:
        np.savez(folder / WORDS, **words.to_arrays())


def read_texts(folder):
    """`(encoders, words, vectors)`, as `write_texts` took them."""
    folder, words = pathlib.Path(folder), None
    if (folder / WORDS).exists():
        with np.load(folder / WORDS) as arrays:
            words = Words().restore(arrays)
    with np.load(folder / VECTORS) as arrays:
        vectors = dict(arrays)
    paths = sorted(folder.glob(ENCODER.format("*")))
    encoders = [encoder_from_json(path.read_text("utf-8")) for path in paths]
    return encoders, words, vectors


def _columns(folder, name):
    frame = pd.read_parquet(pathlib.Path(folder, f"{name}.parquet"))
    return {
        key: column.to_numpy(None if pd.api.types.is_numeric_dtype(column) else object)
        for key, column in frame.items()
    }


def _write_features(features, coders, folder):
    stored: dict[str, Any] = {"words": _to_json(features.words)}
    for side in SIDES:
        coded = getattr(features, side)
        how = {"columns": _to_json(coded.columns), "coders": coders[side].to_json()}
        stored[side] = how
        np.savez(pathlib.Path(folder, CELLS.format(side)), **coded.to_arrays())
    pathlib.Path(folder, FEATURES).write_text(json.dumps(stored), "utf-8")


def _read_features(folder):
    """`(LogFeatures, coders)`, as `_write_features` took them."""
    stored = json.loads(pathlib.Path(folder, FEATURES).read_text("utf-8"))
    features, coders = {}, {}
    for side in SIDES:
        columns = _of_json(stored[side]["columns"])
        with np.load(pathlib.Path(folder, CELLS.format(side))) as arrays:
            features[side] = CodedColumns.of_arrays(columns, arrays)
        read = features[side].used_for("towers").columns
        coders[side] = SideCoder.of_json(read, stored[side]["coders"])
    return LogFeatures(**features, words=_of_json(stored["words"])), coders


def _to_json(columns):
    return [{**vars(each), "uses": sorted(each.uses)} for each in columns]


def _of_json(stored):
    return tuple(
        FeatureColumn(**{**each, "uses": frozenset(each["uses"])}) for each in stored
    )


def _sample_log(events, catalogue, kinds, num_users, features):
    counts = np.bincount(events["user_rows"], minlength=num_users)
    return Interactions(
        item_ids=catalogue.item_ids,
        user_ids=np.full(num_users, "", object),
        event_names=kinds.names,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        features=features,
        **events,
    )
