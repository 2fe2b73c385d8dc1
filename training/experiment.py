"""Compares the arms of an A/B test: `python -m training.experiment LOG`."""

from typing import Annotated

import typer

from tfrec.program import run_program, show_log
from training.options import (
    Clicks,
    LogFolder,
    ReportFile,
    Since,
    Until,
    WindowHours,
)


def experiment(
    log: LogFolder,
    experiment: Annotated[
        str, typer.Option(help="Name of the experiment, as the log has it.")
    ],
    control: Annotated[
        str | None,
        typer.Option(
            metavar="ARM",
            help="Arm that the others are compared with; `control` by default, or the "
            "first.",
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    window_hours: WindowHours = 24.0,
    clicks: Clicks = "usual,click",
    conversions: Annotated[
        str, typer.Option(metavar="KINDS", help="Kinds that are conversions.")
    ] = "purchase",
    values: Annotated[
        str,
        typer.Option(
            metavar="KINDS",
            help="Kinds whose values are summed per person, such as purchase,dwell.",
        ),
    ] = "purchase",
    satisfaction: Annotated[
        str,
        typer.Option(
            metavar="KIND[=NUMBER]",
            help="Kinds of answers, such as thumbs_up=1,thumbs_down=0,survey. Without "
            "a number, the event's value counts.",
        ),
    ] = "",
    shares: Annotated[
        str,
        typer.Option(
            metavar="ARM=SHARE",
            help="Configured shares of people, such as a=0.5,b=0.5, to check.",
        ),
    ] = "",
    out: ReportFile = None,
):
    """Compares the arms of an experiment in the log of a gateway.

    The table has rates per arm and differences from the control. Its figures at all
    times may be looked at as often as one likes; those for one look may not.
    """
    from tfrec.experiments.kinds import CountedKinds, read_answers, read_kinds
    from tfrec.experiments.page import render_experiment
    from tfrec.experiments.report import experiment_report
    from training.log_options import (
        attributed_log,
        check_report_file,
        read_shares,
        window_seconds,
        write_page,
    )

    show_log()
    check_report_file(out)
    kinds = CountedKinds(
        clicks=read_kinds(clicks),
        conversions=read_kinds(conversions),
        values=read_kinds(values),
        satisfaction=read_answers(satisfaction),
    )
    window_s = window_seconds(window_hours)
    attribution, events = attributed_log(log, since, until, window_s)
    report = experiment_report(
        attribution,
        events,
        experiment,
        control=control,
        kinds=kinds,
        shares=read_shares(shares),
        window_s=window_s,
    )
    page = render_experiment(report)
    print(page, end="")
    write_page(out, report, page)


def main():
    """Entry point of `tfrec-experiment`."""
    run_program(experiment)


if __name__ == "__main__":
    main()
