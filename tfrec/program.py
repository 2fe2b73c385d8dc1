"""What every program does alike: quiet start, clear errors, exit codes."""

import functools
import os
import sys

import typer

from tfrec.errors import TfrecError

# Before the first TensorFlow import: a program's own words, not the runtime's.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


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


def run_program(command, cls=None) -> None:
    """Runs one command as a program: `--help`, usage errors with exit code 2.

    Args:
        command: function whose parameters are the flags.
        cls: class of Typer's command, None for its own.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(cls=cls)(exit_code(command))
    app()
