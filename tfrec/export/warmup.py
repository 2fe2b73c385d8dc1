"""The requests that a server answers before it takes any: written, read, replayed."""

import pathlib

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from tfrec.errors import ArtefactError
from tfrec.export.ops import read_saved_model

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
MAX_RECORDS = 1000  # TF Serving refuses to load a model with more


def write_warmup(version_folder, model_name, requests):
    """Writes the warm-up file; TF Serving replays it whenever it loads the model.

    Args:
        version_folder: folder of the saved model.
        model_name: str, under which it will be served.
        requests: sequence of `(signature name, {input name: array})`, 1 to 1000;
            best one per signature at least, since each is traced on its own.

    Raises:
        ArtefactError: there are none, or more than TF Serving takes.

    Reference:
        https://www.tensorflow.org/tfx/serving/saved_model_warmup
    """
    if not 1 <= len(requests) <= MAX_RECORDS:
        raise ArtefactError(
            f"`requests` must be 1 to {MAX_RECORDS} warm-up requests, because TF "
            f"Serving loads no model with more. Received: {len(requests)}."
        )
    path = pathlib.Path(version_folder, WARMUP_FILE)
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature_name, inputs in requests:
            log = _to_log(model_name, signature_name, inputs)
            writer.write(log.SerializeToString())


def read_warmup(version_folder):
    """The warm-up requests of a saved model.

    Returns:
        List of `(signature name, {input name: array})`, strings as `bytes` objects;
        empty where there is no warm-up file.

    Raises:
        ArtefactError: the file is broken, empty or too long, or holds something else.
    """
    path = pathlib.Path(version_folder, WARMUP_FILE)
    if not path.is_file():
        return []
    try:
        records = list(tf.data.TFRecordDataset([str(path)]).as_numpy_iterator())
    except tf.errors.OpError as error:
        raise ArtefactError(f"{path} cannot be read: {error.message}.") from error
    if not 1 <= len(records) <= MAX_RECORDS:
        raise ArtefactError(
            f"{path} must hold 1 to {MAX_RECORDS} records. Received: {len(records)}."
        )
    return [
        _from_log(record, f"{path}, record {number}")
        for number, record in enumerate(records, start=1)
    ]


def read_defaults(version_folder):
    """What absent inputs are taken to be: `SignatureDef.defaults`.

    Returns:
        Dict of signature name -> `{input name: array}`.

    Raises:
        ArtefactError: `saved_model.pb` is missing or cannot be parsed.
    """
    return {
        name: {key: tf.make_ndarray(value) for key, value in signature.defaults.items()}
        for graph in read_saved_model(version_folder).meta_graphs
        for name, signature in graph.signature_def.items()
    }


def fill_defaults(version_folder, requests):
    """The requests with the defaults of absent inputs.

    TF Serving fills them in; signatures loaded by `tf.saved_model.load` do not.

    Args:
        version_folder: folder of the saved model.
        requests: sequence of `(signature name, {input name: array})`.

    Returns:
        List of the same form.

    Raises:
        ArtefactError: `saved_model.pb` is missing or cannot be parsed.
    """
    defaults = read_defaults(version_folder)
    return [(name, {**defaults.get(name, {}), **inputs}) for name, inputs in requests]


def _to_log(model_name, signature_name, inputs):
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature_name
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return log


def _from_log(record, where):
    try:
        log = PredictionLog.FromString(record)
    except DecodeError as error:
        raise ArtefactError(f"{where} is no PredictionLog: {error}.") from error
    if not log.HasField("predict_log"):
        raise ArtefactError(f"{where} must be a Predict request. Received: {log}")
    request = log.predict_log.request
    inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
    return request.model_spec.signature_name, inputs
