"""The TF Serving protocol over gRPC: PredictionService, ModelService."""

import functools
import logging
import time

import grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.model_server.answering import Answering
from serving.model_server.scheduling.deadline import Deadline
from serving.request_log import HEADER, log_request, request_id
from tfrec.export.servable import read_inputs
from tfrec.protocol.codec import write_tensor
from tfrec.protocol.status import RequestError, invalid

logger = logging.getLogger(__name__)

FAILED = "The server failed; see its log."


def answers(method):
    """Makes errors of an RPC method into status codes and words, and logs the call."""

    @functools.wraps(method)
    def answer(self, request, context):
        number, started = _name_request(context), time.perf_counter()

        def log(code, words=""):
            seconds = time.perf_counter() - started
            log_request(number, method.__name__, code.name, seconds, words)

        try:
            response = method(self, request, context)
        except RequestError as error:
            log(error.code, error.message)
            context.abort(error.code, error.message)
        except Exception:
            logger.exception("%s failed; request %s.", method.__name__, number)
            log(grpc.StatusCode.INTERNAL, FAILED)
            context.abort(grpc.StatusCode.INTERNAL, FAILED)
        log(grpc.StatusCode.OK)
        return response

    return answer


def _name_request(context):
    metadata = dict(context.invocation_metadata())
    number = request_id(str(metadata.get(HEADER, "")))
    context.set_trailing_metadata([(HEADER, number)])
    return number


def refuses(words):
    """An RPC method that is not implemented, and says what is instead."""

    def answer(self, request, context):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, words)

    return answer


NO_EXAMPLES = (
    "{} is not implemented: it needs tf.Example inputs, which these models lack. "
    "Use Predict."
)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata on named tensors.

    Args:
        answering: what answers.
        as_content: whether numbers of answers are in `tensor_content`.
    """

    Classify = refuses(NO_EXAMPLES.format("Classify"))
    Regress = refuses(NO_EXAMPLES.format("Regress"))
    MultiInference = refuses(NO_EXAMPLES.format("MultiInference"))

    def __init__(self, answering: Answering, as_content: bool = False):
        self._answering = answering
        self._as_content = as_content

    @answers
    def Predict(self, request, context):
        spec, started = _spec(request), time.perf_counter()
        inputs = read_inputs(request.inputs)
        read_s = time.perf_counter() - started
        deadline = Deadline.after(
            context.time_remaining(), lambda: not context.is_active()
        )
        spec, outputs = self._answering.predict(
            spec, inputs, request.output_filter, deadline
        )
        metrics = self._answering.metrics
        metrics.observe_stage(spec.signature_name, "read", read_s)
        with metrics.stage(spec.signature_name, "write"):
            response = predict_pb2.PredictResponse(model_spec=spec)
            for key, array in outputs.items():
                proto = response.outputs[key]
                write_tensor(array, proto, as_content=self._as_content)
        return response

    @answers
    def GetModelMetadata(self, request, context):
        return self._answering.metadata(_spec(request), request.metadata_field)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """How far each version is, why one was refused, and other models to serve."""

    def __init__(self, answering: Answering):
        self._answering = answering

    @answers
    def GetModelStatus(self, request, context):
        return self._answering.status(_spec(request))

    @answers
    def HandleReloadConfigRequest(self, request, context):
        self._answering.reload(request.config)
        return model_management_pb2.ReloadConfigResponse()


def _spec(request):
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec
