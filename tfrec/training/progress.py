"""What a person sees while a model trains."""

import contextlib
import logging
import sys

import rich.progress
from rich.console import Console
from rich.logging import RichHandler

from tfrec.progress import Progress
from tfrec.training.run_folder import STAGES


def progress_lines(stage):
    """The `report` function of `fit` that says in the log how far a stage is."""
    epochs = {}

    def report(epoch, step, num_steps, loss):
        if epoch not in epochs:
            what = f"{STAGES[stage]}, epoch {epoch}, steps"
            epochs[epoch] = Progress(what, num_steps)
        epochs[epoch].advance(step - epochs[epoch].done, f", loss {loss:.3f}")

    return report


@contextlib.contextmanager
def progress_shown(console):
    """Context of bars on a terminal, and of lines in the log elsewhere.

    Args:
        console: `rich.console.Console`.

    Yields:
        Function from the name of a stage to the `report` function of `fit`.
    """
    if console.is_terminal:
        with _progress_bars(console) as report_of:
            yield report_of
    else:
        yield progress_lines


@contextlib.contextmanager
def narrated(verbose=True):
    """Context in which the library says what it does, where nobody shows its log yet.

    Args:
        verbose: False for a context that says nothing.

    Yields:
        As `progress_shown`, or None.
    """
    if not verbose:
        yield None
        return
    console, logger = Console(), logging.getLogger("tfrec")
    handler: logging.Handler | None = None
    if not logger.hasHandlers():
        handler = logging.StreamHandler(sys.stdout)
        if console.is_terminal:
            handler = RichHandler(console=console, show_path=False, show_level=False)
        logger.addHandler(handler)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = handler is None  # TensorFlow may give the root one meanwhile
    try:
        with progress_shown(console) as report:
            yield report
    finally:
        logger.setLevel(level)
        logger.propagate = propagate
        if handler:
            logger.removeHandler(handler)


@contextlib.contextmanager
def _progress_bars(console):
    """One bar per stage and epoch, with the time that is left."""
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TextColumn("loss {task.fields[loss]:.3f}"),
        rich.progress.TimeRemainingColumn(),
    )
    with rich.progress.Progress(*columns, console=console) as progress:

        def report_of(stage):
            task = progress.add_task(STAGES[stage], loss=0.0)

            def report(epoch, step, num_steps, loss):
                progress.update(
                    task,
                    description=f"{STAGES[stage]}, epoch {epoch}",
                    completed=step,
                    total=num_steps,
                    loss=loss,
                )

            return report

        yield report_of
