"""The TF Serving protocol over gRPC: PredictionService, ModelService."""

import functools
import logging

import grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.answering import Answering
from serving.codec import write_tensor
from serving.scheduling.deadline import Deadline
from serving.servable import read_inputs
from serving.status import RequestError, invalid

logger = logging.getLogger(__name__)


def answers(method):
    """Makes errors of an RPC method into status codes and words."""

    @functools.wraps(method)
    def answer(self, request, context):
        try:
            return method(self, request, context)
        except RequestError as error:
            context.abort(error.code, error.message)
        except Exception:
            logger.exception("%s failed.", method.__name__)
            context.abort(grpc.StatusCode.INTERNAL, "The server failed; see its log.")

    return answer


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
    """Predict and GetModelMetadata on named tensors."""

    Classify = refuses(NO_EXAMPLES.format("Classify"))
    Regress = refuses(NO_EXAMPLES.format("Regress"))
    MultiInference = refuses(NO_EXAMPLES.format("MultiInference"))

    def __init__(self, answering: Answering):
        self._answering = answering

    @answers
    def Predict(self, request, context):
        spec, outputs = self._answering.predict(
            _spec(request),
            read_inputs(request.inputs),
            request.output_filter,
            Deadline.after(context.time_remaining(), lambda: not context.is_active()),
        )
        response = predict_pb2.PredictResponse(model_spec=spec)
        for key, array in outputs.items():
            write_tensor(array, response.outputs[key])
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
