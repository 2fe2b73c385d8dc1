"""Which language model writes, and how much of it."""

import dataclasses
import pathlib
from dataclasses import dataclass

from serving.words.prompts import FOLDER
from tfrec.errors import ConfigError
from tfrec.toml import read_section, read_toml

SECTION = "words"
MAX_DEADLINE_S = 60
NO_LIMIT = 10**12


@dataclass(frozen=True, kw_only=True)
class WordsSettings:
    """The section `[words]` of a TOML file."""

    backend: str = "template"  # or "openai", "gguf", "kerashub", a registered name
    url: str = ""  # openai: up to the version, http://127.0.0.1:8000/v1
    model: str = ""  # openai: the model's name there
    api_key_env: str = ""  # openai: environment variable with the key
    path: str = ""  # gguf: the file; kerashub: folder or name of the preset
    prompts: str = ""  # folder with KIND.LANGUAGE.txt, instead of those of tfrec
    share_personal: bool = False  # may events and texts of people leave the machine?
    max_tokens: int = 96  # of a text
    deadline_s: float = 10.0  # of a request for texts
    tokens_per_minute: int = 60_000  # over all requests, read and written
    requests_per_minute: int = 30  # of one user

    def __post_init__(self):
        positive = ("max_tokens", "tokens_per_minute", "requests_per_minute")
        for name in positive:
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"`{SECTION}.{name}` must be positive. "
                    f"Received: {getattr(self, name)}."
                )
        if not 0 < self.deadline_s <= MAX_DEADLINE_S:
            raise ConfigError(
                f"`{SECTION}.deadline_s` must be above 0 and at most {MAX_DEADLINE_S}, "
                f"because a request stays open so long. Received: {self.deadline_s}."
            )

    @property
    def prompts_folder(self) -> pathlib.Path:
        """Where the prompts are."""
        return pathlib.Path(self.prompts) if self.prompts else FOLDER

    def without_budget(self) -> "WordsSettings":
        """The same for a program that nobody waits for."""
        return dataclasses.replace(self, tokens_per_minute=NO_LIMIT)


def read_words(path: pathlib.Path | None) -> WordsSettings:
    """The settings of a file, or those of templates without one.

    Raises:
        ConfigError: it is no TOML, or has a wrong section, key or value.
    """
    if path is None:
        return WordsSettings()
    values = read_toml(path)
    if set(values) != {SECTION}:
        raise ConfigError(
            f"{path} must have one section, `[{SECTION}]`. "
            f"Received: {', '.join(sorted(values)) or 'none'}."
        )
    return read_section(WordsSettings, SECTION, values[SECTION])
