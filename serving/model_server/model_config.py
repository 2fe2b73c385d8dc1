"""Which models to serve, in tensorflow_model_server's own `ModelServerConfig`."""

import logging
import pathlib

from tensorflow_serving.config import model_server_config_pb2

from serving.model_server.model_store import ModelSettings
from serving.model_server.models import Models
from serving.text_protos import read_text_proto
from tfrec.errors import ConfigError

logger = logging.getLogger(__name__)


def read_model_config(path) -> list[ModelSettings]:
    """The models of a `model_config_list { config { … } }` file.

    Raises:
        ConfigError: the file is missing, does not parse, names a model twice or
            asks for something else than saved models.
    """
    config = model_server_config_pb2.ModelServerConfig()
    read_text_proto("--model_config_file", path, config)
    return model_settings(config, str(path))


class FollowedConfig:
    """A file of models that is read again and again.

    Args:
        path: of the file.
        settings: what it held when it was read first.
        models: `Models`, which serve what it holds.
    """

    def __init__(self, path, settings: list[ModelSettings], models: Models):
        self._path, self._served, self._models = path, settings, models

    def poll(self) -> None:
        """Serves what the file holds now; if that cannot be, all stays as it was."""
        try:
            settings = read_model_config(self._path)
            if settings != self._served:
                self._models.replace(settings)
                self._served = settings
                logger.info("%s has changed; its models are served now.", self._path)
        except Exception as error:  # whatever it was, the old models go on
            logger.error(
                "%s has changed, but the previous models stay: %s", self._path, error
            )


def model_settings(config, source: str) -> list[ModelSettings]:
    """The models of a `ModelServerConfig`.

    Args:
        config: the message.
        source: where it comes from, for errors.

    Raises:
        ConfigError: as `read_model_config`.
    """
    models = [_settings(source, model) for model in config.model_config_list.config]
    names = [model.name for model in models]
    if not names or len(set(names)) < len(names):
        raise ConfigError(
            f"{source} must list at least one model, each name once. "
            f"Received: {', '.join(names) or 'none'}."
        )
    return models


def _settings(source, model):
    if not model.name or not model.base_path:
        raise ConfigError(f"{source}: every model must have `name` and `base_path`.")
    if model.model_platform not in ("", "tensorflow"):
        raise ConfigError(
            f"{source}: `model_platform` of {model.name} must be tensorflow. "
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
