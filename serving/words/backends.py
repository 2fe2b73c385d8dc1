"""Language models by name; the template is none."""

from pathlib import Path

from serving.words.contract import LanguageModel
from serving.words.local_process import LocalModel
from serving.words.openai_endpoint import OpenAIEndpoint
from serving.words.settings import WordsSettings
from tfrec.errors import ConfigError
from tfrec.plugins import Registry

# Function of `WordsSettings` that gives a `LanguageModel`, or None for templates.
BACKENDS = Registry("back end of words")


def open_model(settings: WordsSettings) -> LanguageModel | None:
    """The chosen model, ready to write; None if templates do.

    Raises:
        ConfigError: there is no such back end, or it lacks what it needs.
    """
    return BACKENDS[settings.backend](settings)


@BACKENDS.register("template")
def _template(settings):
    return None


@BACKENDS.register("openai")
def _openai(settings):
    _check_given(settings, "url", "model")
    return OpenAIEndpoint(settings.url, settings.model, settings.api_key_env)


@BACKENDS.register("gguf")
def _gguf(settings):
    _check_given(settings, "path")
    return LocalModel("serving.words.gguf:load", Path(settings.path))


@BACKENDS.register("kerashub")
def _kerashub(settings):
    _check_given(settings, "path")
    return LocalModel("serving.words.kerashub:load", Path(settings.path))


def _check_given(settings, *names):
    for name in names:
        if not getattr(settings, name):
            raise ConfigError(
                f'`words.{name}` must be given with `backend = "{settings.backend}"`.'
            )
