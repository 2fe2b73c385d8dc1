"""A trained model in this process, before it is saved."""

import functools
import logging
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec.client.histories import QueryError
from tfrec.client.predictor import Predictor
from tfrec.export.calls import Call
from tfrec.export.sample_requests import Sample, interest_bound
from tfrec.export.signatures import (
    INPUTS,
    SignatureGraphs,
    default_of,
    named_specs,
)
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.inference.inference import exact_inference

logger = logging.getLogger(__name__)


class InMemoryModel(Predictor):
    """A trained model, asked as if it were saved and behind a server.

    A signature is traced at its first call; later calls run the same graph.

    Args:
        model: trained `HybridModel`.
    """

    def __init__(self, model: HybridModel):
        for words in model.skipped():
            logger.warning("%s", words)
        hybrid = model.hybrid_scorer()
        bound = interest_bound(Sample(model.towers.sample_queries).interests(hybrid))
        self._graphs = SignatureGraphs(exact_inference(hybrid, bound))
        self._calls: dict[str, tuple[Call, dict[str, Any]]] = {}  # with their inputs

    @functools.cached_property
    def titles(self) -> dict[str, str]:
        catalogue = self._graphs.inference.catalogue
        return dict(zip(catalogue.item_ids, catalogue.titles, strict=True))

    def predict(self, signature: str, inputs: dict) -> dict[str, np.ndarray]:
        if signature not in INPUTS:
            raise QueryError(
                f"`signature` must be one of {', '.join(INPUTS)}. "
                f"Received: {signature!r}."
            )
        if signature not in self._calls:
            function = self._graphs.trace(signature)
            self._calls[signature] = Call(function), named_specs(function)
        call, specs = self._calls[signature]
        given = {n: inputs.get(n, default_of(spec)) for n, spec in specs.items()}
        missing = [name for name, value in given.items() if value is None]
        if missing:
            raise QueryError(f"`{signature}` must be given {', '.join(missing)}.")
        tensors = {n: tf.constant(v, specs[n].dtype) for n, v in given.items()}
        answer = call(**tensors)
        return {name: value.numpy() for name, value in answer.items()}
