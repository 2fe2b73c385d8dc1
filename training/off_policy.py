"""Judges a policy by the log of another: `python -m training.off_policy LOG`."""

import pathlib
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


def off_policy(
    log: LogFolder,
    policy: Annotated[
        pathlib.Path,
        typer.Option(
            metavar="FILE",
            help="Target policy, .parquet or .csv, with recommendation_id, item_id, "
            "position and probability; best with rows for all items.",
        ),
    ],
    since: Since = None,
    until: Until = None,
    window_hours: WindowHours = 24.0,
    clicks: Clicks = "usual,click",
    clip: Annotated[
        float | None,
        typer.Option(help="Largest weight; lowers variance at the cost of a bias."),
    ] = None,
    out: ReportFile = None,
):
    """Estimates how often people would choose what another policy shows.

    The log must be of a policy that chose at random and wrote its propensities. Three
    estimates are printed with what tells whether they can be believed.
    """
    from tfrec.experiments.kinds import read_kinds
    from tfrec.off_policy.page import render_off_policy
    from tfrec.off_policy.policy import read_policy
    from tfrec.off_policy.report import off_policy_report
    from training.log_options import (
        attributed_log,
        check_report_file,
        window_seconds,
        write_page,
    )

    show_log()
    check_report_file(out)
    target = read_policy(policy)
    window_s = window_seconds(window_hours)
    kinds = read_kinds(clicks)
    attribution, _ = attributed_log(log, since, until, window_s, kinds)
    report = off_policy_report(attribution.impressions, target, clip=clip)
    page = render_off_policy(report)
    print(page, end="")
    write_page(out, report, page)


def main():
    """Entry point of `tfrec-off-policy`."""
    run_program(off_policy)


if __name__ == "__main__":
    main()
