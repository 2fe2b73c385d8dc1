"""A trained model in this process, before it is saved."""

import functools
import logging

import numpy as np
import tensorflow as tf

from tfrec.client.histories import QueryError
from tfrec.client.predictor import Predictor
from tfrec.export.calls import Call
from tfrec.export.sample_requests import Sample, interest_bound
from tfrec.export.signatures import DEFAULTS, INPUTS, SPECS, SignatureGraphs
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
        self._calls: dict[str, Call] = {}

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
            self._calls[signature] = Call(self._graphs.trace(signature))
        given = {n: inputs.get(n, DEFAULTS.get(n)) for n in INPUTS[signature]}
        missing = [name for name, value in given.items() if value is None]
        if missing:
            raise QueryError(f"`{signature}` must be given {', '.join(missing)}.")
        tensors = {n: tf.constant(v, SPECS[n].dtype) for n, v in given.items()}
        answer = self._calls[signature](**tensors)
        return {name: value.numpy() for name, value in answer.items()}
