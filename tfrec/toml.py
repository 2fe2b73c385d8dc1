"""TOML files that people write, in whatever editor."""

import pathlib
import tomllib

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
