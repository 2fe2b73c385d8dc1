"""Writing the saved model: aside, proven, then renamed to its version."""

import contextlib
import functools
import json
import logging
import pathlib
import shutil

import pandas as pd
import tensorflow as tf

from tfrec.errors import ConfigError
from tfrec.evaluation.card.model_card import render_model_card
from tfrec.export.feature_inputs import attributes, known_columns
from tfrec.export.keras_variables import keras_variables_saved_once
from tfrec.export.manifest import write_manifest
from tfrec.export.ops import check_ops
from tfrec.export.publishing import publishing
from tfrec.export.sample_requests import Sample, interest_bound
from tfrec.export.signature_alias import share_signature
from tfrec.export.signatures import Signatures
from tfrec.export.verification import Check, prove
from tfrec.export.warmup import read_warmup, write_warmup
from tfrec.files import NAME_RULE, is_file_name
from tfrec.graphs import running_once
from tfrec.inference.inference import Inference, build_indexes
from tfrec.inference.query_encoder import QueryEncoder
from tfrec.plugins import INDEXES

logger = logging.getLogger(__name__)

WARMUP_BATCHES = (1, 8)


def export(
    model,
    folder,
    name="tfrec",
    *,
    indexes=("exact",),
    recall=0.98,
    quantize=False,
    facts=None,
    report=None,
):
    """Writes a trained model as `folder/<name>[-<index>]/<version>/`.

    There is one saved model for each index. They are written aside, run in a fresh
    process that does not know tfrec, compared with the model in memory, and only then,
    if all of them answer alike, renamed into place.

    Args:
        model: trained `HybridModel`.
        folder: where models are kept.
        name: the model's name; that with ScaNN's index is called `<name>-scann`.
        indexes: sequence of names in `tfrec.plugins.INDEXES`, or of subclasses of
            `CandidateIndex`, which are called by their class's name.
        recall: float, recall@10 that an index which may miss the best must reach.
        quantize: bool, whether an index that can holds the vectors rounded to 8 bits.
        facts: dict for the manifest: `metrics`, `data_digest` of what was learnt from,
            and `config`, all that decided the training.
        report: content of `report.json` for the model card, None for no evaluation.

    Returns:
        List of the version folders, one per index.

    Raises:
        ArtefactError: the result cannot be written, or does not answer as the model.
        ConfigError: `name` is no name of a folder, or there is no such index.
        MissingPackageError: an index needs a package that is not installed.
    """
    kinds = dict(map(_named, indexes))
    roots = {each: _root(folder, name, each, kind) for each, kind in kinds.items()}
    version = 1 + max(map(_latest_version, roots.values()))
    for words in model.skipped():
        logger.warning("%s", words)
    hybrid, sample = model.hybrid_scorer(), Sample(model.towers.sample_queries)
    interests = sample.interests(hybrid)
    norm = interest_bound(interests)
    known = {"metrics": {}, "data_digest": "", "config": model.towers.get_config()}
    known |= {**(facts or {}), "version": version}
    encoder, signatures, checks = QueryEncoder(hybrid), None, []
    with contextlib.ExitStack() as unproven:
        for flavour, kind in kinds.items():
            num_items = hybrid.model.catalogue.num_items
            logger.info("Building the %s index of %d items.", flavour, num_items)
            make = functools.partial(
                kind.from_settings, recall=recall, quantize=quantize
            )
            indexes = build_indexes(hybrid, make, interests)
            details = known | {"name": roots[flavour].name, "flavour": flavour}
            signatures = Signatures(
                Inference(hybrid, indexes, norm, encoder), signatures
            )
            logger.info("Saving %s, version %d.", details["name"], version)
            aside = unproven.enter_context(publishing(roots[flavour], version))
            checks.append(_save(aside, signatures, indexes[0], sample, details, report))
        prove(checks)
    return [root / str(version) for root in roots.values()]


def _named(index):
    """`(name, class)` of an index that is given by either."""
    if isinstance(index, str):
        return index, INDEXES[index]
    return index.__name__, index


def _root(folder, name, flavour, kind):
    name += f"-{flavour}" if kind.suffix is None else kind.suffix
    _check_name(name)
    return pathlib.Path(folder) / name


def republish(version_folder, folder, name):
    """Copies a saved model as the next version of `folder/name`.

    Args:
        version_folder: path of a whole version, proven when it was written.
        folder: where models are kept.
        name: what the server will call it.

    Returns:
        The new version's folder.

    Raises:
        ArtefactError: it cannot be written.
        ConfigError: `name` is no name of a folder.
    """
    _check_name(name)
    root = pathlib.Path(folder) / name
    version = 1 + _latest_version(root)
    root.mkdir(parents=True, exist_ok=True)
    with publishing(root, version) as aside:
        shutil.copytree(version_folder, aside)
        write_warmup(aside, name, read_warmup(aside))
        path = aside / "assets.extra" / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest |= {"name": name, "version": version}
        path.write_text(json.dumps(manifest, indent=2, sort_keys=True), "utf-8")
    return root / str(version)


def _check_name(name):
    if not is_file_name(name):
        raise ConfigError(f"`name` must be {NAME_RULE}. Received: {name!r}.")


def _save(aside, signatures, index, sample, facts, report):
    """Writes one saved model; gives the `Check` of it."""
    inference, functions = signatures.inference, signatures.functions()
    options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
    with keras_variables_saved_once():
        tf.saved_model.save(signatures, str(aside), functions, options)
    share_signature(aside, "serving_default", "recommend")
    catalogue = inference.catalogue
    extra = aside / "assets.extra"
    extra.mkdir()
    _write_items(catalogue, inference.model.state, extra / "items.parquet")
    card = render_model_card(facts, report)
    (extra / "model_card.md").write_text(card, encoding="utf-8")
    write_warmup(aside, facts["name"], sample.requests(inference, WARMUP_BATCHES))
    ops = check_ops(aside, index.op_libraries)
    if index.facts():
        facts["index"] = index.facts()
    write_manifest(
        aside,
        config=facts.pop("config"),
        ops=ops,
        packages=index.packages,
        facts=facts
        | {
            "num_items": catalogue.num_items,
            "embedding_dim": inference.hybrid.dim,
            "max_history_length": inference.max_history_length,
            "signatures": sorted(functions),
            "events": inference.model.kinds.table(),
            "may_miss": index.may_miss,
            "has_prerequisites": bool((catalogue.after != "").any()),
            "features": [e.to_json() for e in known_columns(inference.model.state)],
        },
    )
    requests = read_warmup(aside)
    with running_once():
        expected = [_answer(functions[name], inputs) for name, inputs in requests]
    libraries = ops["required_libraries"]
    return Check(aside, requests, expected, libraries, index.may_miss)


def _write_items(catalogue, state, path):
    """Writes what people see of each item, and its attributes."""
    columns = {
        "item_id": catalogue.item_ids,
        "title": catalogue.titles,
        "category": catalogue.categories,
        "domain": catalogue.domains,
        "about": catalogue.abouts,
        "available_from": catalogue.available_from,
        "available_until": catalogue.available_until,
        "num_events": catalogue.num_events,
        "keywords": catalogue.keywords,
        "topic": catalogue.topics,
        "after": catalogue.after,
    }
    columns |= attributes(state)
    pd.DataFrame(columns).to_parquet(path, index=False)


def _answer(function, inputs):
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return {name: value.numpy() for name, value in function(**tensors).items()}


def _latest_version(root):
    versions = [int(path.name) for path in root.glob("*") if path.name.isdigit()]
    return max(versions, default=0)
