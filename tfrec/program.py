"""What every program does alike: clear errors, exit codes."""

import functools
import io
import logging
import sys
from collections.abc import Iterable

import typer

from tfrec.errors import ConfigError, TfrecError


def show_log(**how):
    """Has the library's lines shown: what is being done, how far it is, warnings.

    Args:
        **how: as `logging.basicConfig`, instead of plain lines on stderr.
    """
    logging.basicConfig(**{"level": logging.INFO, "format": "%(message)s", **how})
    for others in ("absl", "tensorflow", "matplotlib", "h5py", "fontTools"):
        logging.getLogger(others).setLevel(logging.ERROR)


def exit_code(command):
    """Makes an error people can act on into a message on stderr and exit code 1."""

    @functools.wraps(command)
    def run(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except (TfrecError, OSError) as error:
            print(f"Error: {error}", file=sys.stderr)
            raise typer.Exit(1) from error

    return run


def read_pairs(flag: str, texts: Iterable[str] | None) -> dict[str, str]:
    """What a flag gives that may be repeated: NAME=VALUE each time.

    Args:
        flag: its name.
        texts: what came with it.

    Raises:
        ConfigError: a text has another form, or a name comes twice.

    Example:
        >>> read_pairs("--filter", ["price_max=10", "brand_any=acme"])
        {'price_max': '10', 'brand_any': 'acme'}
    """
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or name.strip() in pairs:
            raise ConfigError(
                f"`{flag}` must be NAME=VALUE, each name once. Received: {text!r}."
            )
        pairs[name.strip()] = value
    return pairs


def run_program(command, cls=None) -> None:
    """Runs one command as a program: `--help`, usage errors with exit code 2.

    Args:
        command: function whose parameters are the flags.
        cls: class of Typer's command, None for its own.
    """
    for stream in (sys.stdout, sys.stderr):  # a locale may know ASCII only
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(cls=cls)(exit_code(command))
    app()
