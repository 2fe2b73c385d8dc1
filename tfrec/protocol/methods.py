"""The methods of TF Serving's services that a client calls."""

from collections.abc import Callable

from tfrec.protocol import messages

# Name -> service, request, answer.
_METHODS = {
    "Predict": (
        "PredictionService",
        messages.PredictRequest,
        messages.PredictResponse,
    ),
    "GetModelMetadata": (
        "PredictionService",
        messages.GetModelMetadataRequest,
        messages.GetModelMetadataResponse,
    ),
    "GetModelStatus": (
        "ModelService",
        messages.GetModelStatusRequest,
        messages.GetModelStatusResponse,
    ),
}


def stubs(channel) -> dict[str, Callable]:
    """The methods by name, over a channel of `grpc` or `grpc.aio`."""
    return {
        name: channel.unary_unary(
            f"/tensorflow.serving.{service}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=answer.FromString,
        )
        for name, (service, request, answer) in _METHODS.items()
    }
