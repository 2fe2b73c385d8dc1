"""Checks a file of rules, and says what it would do.

    python -m serving.rules rules.toml --model saved_models/movielens

The exit code is 1 if a rule is wrong, after a line about each problem.
"""

import pathlib
import time
from typing import Annotated

from typer import Argument, Option

from serving.rules.description import KnownItems, describe
from serving.rules.reading import read_rules
from tfrec.errors import ConfigError
from tfrec.program import run_program
from tfrec.values import read_time


def check(
    file: Annotated[pathlib.Path, Argument(metavar="FILE", help="TOML file of rules.")],
    model: Annotated[
        pathlib.Path | None,
        Option(help="Folder of the served model: for numbers of items, and titles."),
    ] = None,
    now: Annotated[
        str, Option(help="Time of a request, such as 2026-12-24T18:00:00Z.")
    ] = "",
):
    """Checks rules, and prints what each of them does and whether it holds now."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"`FILE` cannot be read: {error}.") from None
    book = read_rules(text)
    items = KnownItems.of(model) if model else None
    for line in describe(book, _seconds(now), items):
        print(line)


def _seconds(now):
    try:
        moment = read_time(now)
    except ValueError as error:
        raise ConfigError(f"`--now` {error}. Received: {now!r}.") from None
    return moment.seconds if moment else int(time.time())


def main():
    """Entry point of `tfrec-rules`."""
    run_program(check)


if __name__ == "__main__":
    main()
