"""What a person sees while a model trains."""

import contextlib

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from training.run_folder import STAGES


@contextlib.contextmanager
def progress_bars(console):
    """Context of one bar per stage and epoch, with the time that is left.

    Args:
        console: `rich.console.Console`.

    Yields:
        Function from the name of a stage to the `report` function of `fit`.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:

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
