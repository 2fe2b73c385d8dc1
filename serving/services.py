"""The TF Serving protocol over model stores: PredictionService, ModelService."""

import functools
import logging

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.codec import write_tensor
from serving.model_store import ModelStore, Version
from serving.servable import DEFAULT_SIGNATURE, read_inputs
from serving.status import RequestError, invalid, not_found

logger = logging.getLogger(__name__)


def answers(method):
    """Makes errors of an RPC method into status codes and words."""

    @functools.wraps(method)
    def answer(self, request, context):
        try:
            return method(self, request)
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


class Models:
    """Model stores by name.

    Args:
        stores: one `ModelStore` per model.
    """

    def __init__(self, stores: list[ModelStore]):
        self._stores = {store.settings.name: store for store in stores}

    def store(self, spec) -> ModelStore | None:
        """The store a `ModelSpec` names, None if there is none.

        Raises:
            RequestError: the spec has no name.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        return self._stores.get(spec.name)

    def get(self, spec) -> Version:
        """The version a `ModelSpec` asks for.

        Raises:
            RequestError: there is none, or it is still loading.
        """
        store = self.store(spec)
        if store is None:
            version = f", {spec.version.value}" if spec.HasField("version") else ""
            kind = "Specific" if version else "Latest"
            raise not_found(
                f"Servable not found for request: {kind}({spec.name}{version})"
            )
        return store.get(_version_number(spec), spec.version_label)


_NO_EXAMPLES = (
    "{} is not implemented: it needs tf.Example inputs, which these models lack. "
    "Use Predict."
)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata on named tensors."""

    Classify = refuses(_NO_EXAMPLES.format("Classify"))
    Regress = refuses(_NO_EXAMPLES.format("Regress"))
    MultiInference = refuses(_NO_EXAMPLES.format("MultiInference"))

    def __init__(self, models: Models):
        self._models = models

    @answers
    def Predict(self, request):
        version = self._models.get(_spec(request))
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        outputs = version.servable.run(
            name, read_inputs(request.inputs), request.output_filter
        )
        response = predict_pb2.PredictResponse()
        _fill_spec(response.model_spec, request, version)
        response.model_spec.signature_name = name
        for key, array in outputs.items():
            write_tensor(array, response.outputs[key])
        return response

    @answers
    def GetModelMetadata(self, request):
        _spec(request)
        if not request.metadata_field:
            raise invalid(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        version = self._models.get(request.model_spec)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, proto in version.servable.artefact.signature_defs.items():
            signatures.signature_def[name].CopyFrom(proto)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        _fill_spec(response.model_spec, request, version)
        response.metadata["signature_def"].Pack(signatures)
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus: how far each version is, and why one was refused."""

    HandleReloadConfigRequest = refuses(
        "HandleReloadConfigRequest is not implemented: versions are found by polling; "
        "restart the server for other models."
    )

    def __init__(self, models: Models):
        self._models = models

    @answers
    def GetModelStatus(self, request):
        spec = _spec(request)
        store = self._models.store(spec)
        versions = store.statuses() if store else []
        number = _version_number(spec)
        if number is not None:
            versions = [version for version in versions if version.number == number]
        if not versions:
            asked = "any versions" if number is None else f"version {number}"
            raise not_found(f"Could not find {asked} of model {spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in versions:
            status = response.model_version_status.add(
                version=version.number, state=int(version.state)
            )
            if version.error:
                status.status.error_code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
                status.status.error_message = version.error
        return response


def _spec(request):
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec


def _version_number(spec):
    return spec.version.value if spec.HasField("version") else None


def _fill_spec(spec, request, version):
    spec.name = request.model_spec.name
    spec.version.value = version.number
