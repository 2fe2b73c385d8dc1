"""TOML files that people write, in whatever editor."""

import dataclasses
import difflib
import pathlib
import tomllib
import typing

from tfrec.errors import ConfigError


def read_toml(path):
    """The values of a TOML file, which may begin with a byte order mark.

    Raises:
        ConfigError: the file is missing, no UTF-8 or no TOML.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ConfigError(f"The configuration must be a TOML file. Received: {path}.")
    try:
        content = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(content)
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        raise ConfigError(
            f"{path} must be UTF-8, because TOML is. Received: the byte "
            f"0x{error.object[error.start]:02x} in line {line}. Save it as UTF-8 in "
            "your editor, where that is an option of `Save as`."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error


def read_section(cls, name, values):
    """A dataclass from the keys of one section.

    Args:
        cls: dataclass whose fields are str, int, float, bool, list, dict or a Literal.
        name: of the section, for errors.
        values: what was written.

    Raises:
        ConfigError: it is no section, a key is unknown, or a value is of another type.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"`{name}` must be a section. Received: {values!r}.")
    types = {f.name: f.type for f in dataclasses.fields(cls)}
    return cls(
        **{
            key: _checked(
                f"{name}.{key}",
                value,
                types[known_name(f"{name}.{key}", types, "key", key)],
            )
            for key, value in values.items()
        }
    )


def known_name(shown, names, kind, name=None):
    """A name that must be one of some.

    Args:
        shown: how errors call it.
        names: those that are known.
        kind: what it names, for errors.
        name: the name itself, `shown` if None.

    Raises:
        ConfigError: it is none of them; with the nearest one, if one is near.
    """
    name = name or shown
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        raise ConfigError(
            f"Unknown {kind} `{shown}`.{hint} Known: {', '.join(sorted(names))}."
        )
    return name


def _checked(name, value, expected):
    choices = typing.get_args(expected)
    if choices:
        if value not in choices:
            shown = ", ".join(f'"{choice}"' for choice in choices)
            raise ConfigError(f"`{name}` must be one of {shown}. Received: {value!r}.")
        return value
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise ConfigError(
            f"`{name}` must be {expected.__name__}. "
            f"Received: {value!r} ({type(value).__name__})."
        )
    return value
