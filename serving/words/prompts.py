"""Prompts in files, one for each kind of text and language."""

import hashlib
import pathlib
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from serving.words.contract import ChatMessage, Role
from serving.words.kinds import KINDS, Kind
from tfrec.errors import ConfigError
from tfrec.reasons.sentences import LANGS, Lang

FOLDER = pathlib.Path(__file__).parent / "prompts"
MAX_BYTES = 16 * 1024  # of a file
EVIDENCE = "evidence"
VARIABLES = {EVIDENCE, "deed", "max_letters"}
_HEAD = re.compile(r"version: *(\S{1,40})\s*\n\s*\n")
_BORDER = re.compile(r"^---\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """What a model is asked, but for the evidence.

    Attributes:
        version: kind, language, the version in the file, and a digest of its content,
            so that an edited file never answers from the cache of another.
        parts: what the model is to do, then questions and answers, alternating: those
            before the last question are examples.
    """

    version: str
    parts: Sequence[string.Template]

    def messages(self, **values: object) -> list[ChatMessage]:
        """The conversation that asks for a text.

        Args:
            **values: `evidence`, `deed` and `max_letters`.
        """
        roles: list[Role] = ["system"]
        while len(roles) < len(self.parts):
            roles.append("assistant" if roles[-1] == "user" else "user")
        return [
            {"role": role, "content": part.substitute(values)}
            for role, part in zip(roles, self.parts, strict=True)
        ]


def read_prompts(folder: pathlib.Path = FOLDER) -> dict[tuple[Kind, Lang], Prompt]:
    """The prompts of a folder, `KIND.LANGUAGE.txt` each.

    Raises:
        ConfigError: a file is missing, has no version or no border, lacks `$evidence`
            or has a variable that is not known.
    """
    return {
        (kind, lang): _read(folder / f"{kind}.{lang}.txt", f"{kind}.{lang}")
        for kind in KINDS
        for lang in LANGS
    }


def _read(path, name):
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ConfigError(f"The prompt {path} cannot be read: {error}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The prompt {path} must be UTF-8.") from error
    head = _HEAD.match(text)
    if not head or len(content) > MAX_BYTES:
        raise ConfigError(
            f"The prompt {path} must begin with a line `version: 1` and an empty line, "
            f"and have at most {MAX_BYTES} bytes. Received: {text[:60]!r}."
        )
    parts = [part.strip() for part in _BORDER.split(text[head.end() :])]
    if len(parts) % 2 or not all(parts):
        raise ConfigError(
            f"The prompt {path} must have parts with a line `---` between: what the "
            "model is to do, examples of questions and answers if it needs some, and "
            f"the question. Received: {len(parts)} parts."
        )
    templates = [string.Template(part) for part in parts]
    _check_variables(path, templates)
    digest = hashlib.sha256(content).hexdigest()[:8]
    return Prompt(f"{name}-{head[1]}-{digest}", templates)


def _check_variables(path, parts):
    if not all(part.is_valid() for part in parts):
        raise ConfigError(
            f"The prompt {path} must have `$$` for a dollar sign that begins no "
            "variable."
        )
    *before, last = (set(part.get_identifiers()) for part in parts)
    if EVIDENCE not in last:
        raise ConfigError(
            f"The prompt {path} must have the variable `$evidence` in its last part, "
            "because the model would know nothing of the item without it."
        )
    if unknown := last.union(*before) - VARIABLES:
        known = ", ".join(f"`${name}`" for name in sorted(VARIABLES))
        raise ConfigError(
            f"The prompt {path} may have the variables {known}. "
            f"Received: `${min(unknown)}`."
        )
    if EVIDENCE in set().union(*before):
        raise ConfigError(
            f"The prompt {path} must have `$evidence` in its last part alone."
        )
