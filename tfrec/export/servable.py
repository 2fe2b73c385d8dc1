"""A saved model in memory: named arrays in, named arrays out."""

from collections.abc import Iterable
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from tfrec.errors import ArtefactError
from tfrec.export.artefact import (
    Artefact,
    check_fingerprint,
    load_libraries,
    read_artefact,
    read_graph,
)
from tfrec.export.calls import Call
from tfrec.export.saved_functions import can_load, load_functions
from tfrec.export.warmup import WARMUP_FILE
from tfrec.protocol.checking import check_call
from tfrec.protocol.codec import CodecError, read_tensor
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError, invalid, status_code

DEFAULT_SIGNATURE = "serving_default"
MAX_WARM_UP_RECORDS = 1000  # tensorflow_model_server refuses more


class Servable:
    """One loaded version; safe to call from many threads.

    Args:
        artefact: what the files say.
        loaded: has `signatures`, and perhaps `live`, by name, as `load_functions` and
            `tf.saved_model.load` give them.

    Attributes:
        following: how far it is with its model's log of items, if it follows one.
    """

    following: Any = None

    def __init__(self, artefact: Artefact, loaded):
        self.artefact = artefact
        self._loaded = loaded  # its variables live as long as it does
        self._calls = {name: Call(f) for name, f in loaded.signatures.items()}
        self._defaults = {  # for a batch of one, ready made
            name: {key: tf.constant(value) for key, value in sig.defaults.items()}
            for name, sig in artefact.signatures.items()
        }

    @classmethod
    def load(cls, folder) -> "Servable":
        """Loads a model or version folder, op libraries first.

        Raises:
            ArtefactError: the files are broken or an op library is missing.
        """
        artefact = read_artefact(folder)
        check_fingerprint(artefact.folder)
        load_libraries(artefact)
        try:
            loaded = _load(artefact.folder)
        except Exception as error:  # TensorFlow raises many kinds for broken files
            raise ArtefactError(
                f"{artefact.folder} cannot be loaded: {_words(error)}"
            ) from error
        return cls(artefact, loaded)

    @property
    def live(self) -> dict:
        """Functions of the signatures' inputs and of new items; {} if it has none."""
        return dict(getattr(self._loaded, "live", {}))

    def answer_by(self, calls: dict) -> None:
        """Answers some signatures by other `Call`s, from the next request on."""
        self._calls = {**self._calls, **calls}

    def run(self, signature_name: str, inputs: dict, outputs=()) -> dict:
        """Answers one call.

        Args:
            signature_name: `""` for `serving_default`.
            inputs: name to array; an absent one takes its default, repeated to
                the batch.
            outputs: names wanted, none for all.

        Returns:
            Name to array, strings as `bytes` objects.

        Raises:
            RequestError: the signature, an input or an output does not fit, or
                the graph refused the values.
        """
        signature, batch_size = self.check(signature_name, inputs, outputs)
        wanted = outputs or signature.outputs
        return self.compute(signature_name, inputs, wanted, batch_size)

    def compute(
        self, signature_name: str, inputs: dict, outputs: Iterable[str], batch_size: int
    ) -> dict:
        """The same for a call that has been checked, of `batch_size` rows.

        Raises:
            RequestError: the graph refused the values.
        """
        name = signature_name or DEFAULT_SIGNATURE
        arrays = self._complete(name, inputs, batch_size)
        try:
            answer = self._calls[name](**arrays)
        except tf.errors.OpError as error:
            raise RequestError(status_code(error.error_code), _words(error)) from error
        return {key: answer[key].numpy() for key in outputs}

    def check(
        self, signature_name: str, inputs: dict, outputs=()
    ) -> tuple[Signature, int]:
        """Whether a call of `run` fits a signature.

        Returns:
            The signature, and the rows of the batch.

        Raises:
            RequestError: it does not.
        """
        signature = self._signature(signature_name or DEFAULT_SIGNATURE)
        return signature, check_call(signature, inputs, outputs)

    def replay_warm_up(self) -> int:
        """Answers the artefact's own warm-up requests.

        Returns:
            How many there are.

        Raises:
            ArtefactError: the file is broken, empty, too long, or a request fails.
        """
        path = self.artefact.folder / WARMUP_FILE
        if not path.is_file():
            return 0
        count = 0
        for count, record in enumerate(_records(path), start=1):
            self._replay(path, count, record)
        if not count:
            raise ArtefactError(f"{path} must hold requests. Received: no record.")
        return count

    def _replay(self, path, number, record):
        if number > MAX_WARM_UP_RECORDS:
            raise ArtefactError(
                f"{path} must have at most {MAX_WARM_UP_RECORDS} records."
            )
        try:
            log = prediction_log_pb2.PredictionLog.FromString(record)
        except DecodeError as error:
            raise ArtefactError(f"{path}, record {number}: {error}") from error
        if not log.HasField("predict_log"):
            raise ArtefactError(
                f"{path}, record {number}: it is not a Predict request."
            )
        request = log.predict_log.request
        try:
            inputs = read_inputs(request.inputs)
            self.run(request.model_spec.signature_name, inputs)
        except RequestError as error:
            raise ArtefactError(f"{path}, record {number}: {error}") from error

    def _signature(self, name):
        if name not in self.artefact.signatures:
            raise RequestError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f'Serving signature key "{name}" not found.',
            )
        return self.artefact.signatures[name]

    def _complete(self, name, inputs, batch_size):
        return inputs | {
            key: _repeated(default, batch_size)
            for key, default in self._defaults[name].items()
            if key not in inputs
        }


def read_inputs(protos) -> dict:
    """Name to array from a request's map of TensorProtos.

    Raises:
        RequestError: a tensor cannot be read.
    """
    inputs = {}
    for name, proto in protos.items():
        try:
            inputs[name] = read_tensor(proto)
        except CodecError as error:
            raise invalid(f"tensor parsing error: {name}: {error}") from error
    return inputs


def _load(folder):
    graph = read_graph(folder)
    if can_load(graph):
        return load_functions(folder, graph)
    return tf.saved_model.load(str(folder))


def _repeated(default, batch_size):
    if batch_size == 1 or not default.shape.rank or default.shape[0] != 1:
        return default
    return tf.constant(np.repeat(default.numpy(), batch_size, axis=0))


def _records(path):
    try:
        yield from tf.data.TFRecordDataset([str(path)]).as_numpy_iterator()
    except tf.errors.OpError as error:
        raise ArtefactError(f"{path} cannot be read: {_words(error)}") from error


def _words(error):
    """What went wrong, without the stack and the node's name around it."""
    return str(error).split("\n\t [[")[0].strip().split("\n")[-1]
