"""tensorflow_model_server's `--model_config_file`, in its own text format."""

import pathlib

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.model_store import ModelSettings
from tfrec.errors import ConfigError


def read_model_config(path) -> list[ModelSettings]:
    """The models of a `model_config_list { config { … } }` file.

    Raises:
        ConfigError: the file is missing, does not parse, names a model twice or
            asks for something else than saved models.
    """
    path = pathlib.Path(path)
    config = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(path.read_text(), config)
    except (OSError, text_format.ParseError) as error:
        raise ConfigError(
            f"`--model_config_file` {path} cannot be read: {error}."
        ) from error
    models = [_settings(path, model) for model in config.model_config_list.config]
    names = [model.name for model in models]
    if not names or len(set(names)) < len(names):
        raise ConfigError(
            f"{path} must list at least one model, each name once. "
            f"Received: {', '.join(names) or 'none'}."
        )
    return models


def _settings(path, model):
    if not model.name or not model.base_path:
        raise ConfigError(f"{path}: every model must have `name` and `base_path`.")
    if model.model_platform not in ("", "tensorflow"):
        raise ConfigError(
            f"{path}: `model_platform` of {model.name} must be tensorflow. "
            f"Received: {model.model_platform}."
        )
    policy = model.model_version_policy
    latest = max(policy.latest.num_versions, 1)  # an empty policy means the newest
    return ModelSettings(
        name=model.name,
        base_path=pathlib.Path(model.base_path),
        latest=0 if policy.HasField("all") else latest,
        specific=tuple(policy.specific.versions),
        labels=tuple(sorted(model.version_labels.items())),
    )
