"""Files in the text format of protocol buffers, as tensorflow_model_server reads them.

The messages that the `tensorflow-serving-api` package leaves out are declared here,
field by field as in TF Serving's own `.proto` files.
"""

import pathlib

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from tfrec.errors import ConfigError

_PACKAGE = "tfrec.serving"
_FIELD = descriptor_pb2.FieldDescriptorProto
_STRING, _BOOL = _FIELD.TYPE_STRING, _FIELD.TYPE_BOOL
_INT64, _TEXT = ".google.protobuf.Int64Value", ".google.protobuf.StringValue"
# Message -> its fields in order of their numbers: name and type.
_MESSAGES: dict[str, list[tuple[str, int | str]]] = {
    # tensorflow_serving/config/ssl_config.proto
    "SSLConfig": [
        ("server_key", _STRING),
        ("server_cert", _STRING),
        ("custom_ca", _STRING),
        ("client_verify", _BOOL),
    ],
    # tensorflow_serving/config/monitoring_config.proto
    "PrometheusConfig": [("enable", _BOOL), ("path", _STRING)],
    "MonitoringConfig": [("prometheus_config", f".{_PACKAGE}.PrometheusConfig")],
    # tensorflow_serving/servables/tensorflow/session_bundle_config.proto
    "BatchingParameters": [
        ("max_batch_size", _INT64),
        ("batch_timeout_micros", _INT64),
        ("max_enqueued_batches", _INT64),
        ("num_batch_threads", _INT64),
        ("thread_pool_name", _TEXT),
        ("allowed_batch_sizes", _FIELD.TYPE_INT64),
        ("pad_variable_length_inputs", _BOOL),
    ],
}
_REPEATED = {"allowed_batch_sizes"}


def read_text_proto(flag: str, path, message, *, is_secret: bool = False):
    """Fills a message from a file.

    Args:
        flag: names the file in errors, such as `"--ssl_config_file"`.
        path: str or path.
        message: empty message, which is filled and returned.
        is_secret: errors do not quote the file.

    Raises:
        ConfigError: the file is missing or does not parse.
    """
    try:
        return text_format.Parse(
            pathlib.Path(path).read_text(encoding="utf-8"), message
        )
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"`{flag}` {path} cannot be read: {error}.") from error
    except text_format.ParseError as error:
        words = f"line {error.GetLine()} is wrong" if is_secret else str(error)
        # A cause would be shown, with its text, where this error is.
        raise ConfigError(f"`{flag}` {path} cannot be read: {words}.") from None


def new_message(name: str):
    """An empty `SSLConfig`, `MonitoringConfig` or `BatchingParameters`.

    Example:
        >>> new_message("SSLConfig").client_verify
        False
    """
    return _CLASSES[f"{_PACKAGE}.{name}"]()


def _declare():
    file = descriptor_pb2.FileDescriptorProto(
        name="tfrec/serving/text_protos.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, start=1):
            is_many = field in _REPEATED
            label = _FIELD.LABEL_REPEATED if is_many else _FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, kind
            else:
                added.type = kind
    return message_factory.GetMessages([file], descriptor_pool.Default())


_CLASSES = _declare()
