"""What every protocol answers, whatever its messages look like on the wire."""

import time
from collections.abc import Sequence
from typing import cast

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
)

from serving.model_server.metrics import ServerMetrics
from serving.model_server.model_config import model_settings
from serving.model_server.models import Models
from serving.model_server.scheduling.deadline import Deadline
from serving.model_server.scheduling.scheduler import Scheduler
from tfrec.errors import ConfigError
from tfrec.export.servable import DEFAULT_SIGNATURE, Servable
from tfrec.protocol.checking import check_size
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError, invalid, not_found

METADATA_FIELD = "signature_def"  # the one there is


class Answering:
    """Answers requests in TF Serving's own messages, or refuses them in its words.

    Args:
        models: what is served.
        scheduler: when a request reaches its model.
        metrics: where to count.
    """

    def __init__(self, models: Models, scheduler: Scheduler, metrics: ServerMetrics):
        self._models = models
        self._scheduler = scheduler
        self.metrics = metrics

    def predict(
        self, spec, inputs: dict, outputs: Sequence[str], deadline: Deadline
    ) -> tuple[model_pb2.ModelSpec, dict]:
        """Runs a signature.

        Args:
            spec: `ModelSpec`.
            inputs: name to array.
            outputs: names wanted, none for all.
            deadline: of the caller.

        Returns:
            The `ModelSpec` that answered, and name to array.

        Raises:
            RequestError: whatever is wrong with the request.
        """
        started, code = time.perf_counter(), "INTERNAL"
        try:
            answer = self._predict(spec, inputs, outputs, deadline)
            code = "OK"
            return answer
        except RequestError as error:
            code = error.code.name
            raise
        finally:
            self._count(spec, code, time.perf_counter() - started)

    def _predict(self, spec, inputs, outputs, deadline):
        deadline.check()
        version = self._models.get(spec)
        name = spec.signature_name or DEFAULT_SIGNATURE
        servable = _servable(version)
        if name in servable.artefact.signatures:
            check_size(servable.artefact.signatures[name], inputs)
        answer = self._scheduler.run(servable, name, inputs, outputs, deadline)
        return _answering_spec(spec, version, name), answer

    def _count(self, spec, code, seconds):
        if code == "OK":
            name = spec.signature_name or DEFAULT_SIGNATURE
            self.metrics.count(spec.name, name, code)
            self.metrics.observe_request(spec.name, name, seconds)
        else:  # its names may be made up, and must not become labels
            is_known = spec.name and self._models.store(spec)
            self.metrics.count(spec.name if is_known else "", "", code)

    def signature(self, spec) -> Signature:
        """What a signature takes and gives.

        Raises:
            RequestError: there is no such model, version or signature.
        """
        signatures = _servable(self._models.get(spec)).artefact.signatures
        name = spec.signature_name or DEFAULT_SIGNATURE
        if name not in signatures:
            raise invalid(
                f'Serving signature name: "{name}" not found in signature def'
            )
        return signatures[name]

    def metadata(self, spec, fields: Sequence[str]):
        """A `GetModelMetadataResponse`.

        Raises:
            RequestError: a field is unknown, or there is no such model.
        """
        if not fields:
            raise invalid(
                "GetModelMetadataRequest must specify at least one metadata_field"
            )
        for field in fields:
            if field != METADATA_FIELD:
                raise invalid(f"Metadata field {field} is not supported")
        version = self._models.get(spec)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, proto in _servable(version).artefact.signature_defs.items():
            signatures.signature_def[name].CopyFrom(proto)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.CopyFrom(_answering_spec(spec, version))
        response.metadata[METADATA_FIELD].Pack(signatures)
        return response

    def status(self, spec):
        """A `GetModelStatusResponse`.

        Raises:
            RequestError: there is no such model, version or label.
        """
        store = self._models.store(spec)
        number = spec.version.value if spec.HasField("version") else None
        if store and spec.version_label:
            number = store.labelled(spec.version_label)
        versions = store.statuses() if store else []
        versions = [each for each in versions if number in (None, each.number)]
        if not versions:
            wanted = "any versions" if number is None else f"version {number}"
            raise not_found(f"Could not find {wanted} of model {spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for each in versions:
            added = response.model_version_status.add(
                version=each.number, state=int(each.state)
            )
            added.status.SetInParent()  # OK is said too
            if each.error:
                added.status.error_code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
                added.status.error_message = each.error
            elif each.following:  # it answers; people are told what is amiss
                added.status.error_message = each.following.trouble
        return response

    def reload(self, config) -> None:
        """Serves the models of a `ModelServerConfig` instead of those it serves now.

        Raises:
            RequestError: the configuration is wrong, or one of its models does not
                load; then nothing changes.
        """
        if config.WhichOneof("config") != "model_config_list":
            raise invalid(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        try:
            settings = model_settings(config, "The configuration")
        except ConfigError as error:
            raise invalid(str(error)) from error
        self._models.replace(settings)


def _answering_spec(spec, version, signature_name=""):
    answering = model_pb2.ModelSpec(name=spec.name, signature_name=signature_name)
    answering.version.value = version.number
    return answering


def _servable(version) -> Servable:
    return cast(Servable, version.servable)  # what is found for a request has one
