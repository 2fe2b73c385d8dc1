"""Arguments and options that several programs share."""

import pathlib
from typing import Annotated

import typer

ConfigFile = Annotated[
    pathlib.Path,
    typer.Argument(
        help="Configuration in TOML, such as training/configs/movielens.toml."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SECTION.KEY=VALUE",
        help="Replaces a value of the configuration. May be given several times.",
    ),
]
SavedModel = Annotated[
    pathlib.Path,
    typer.Option(help="Folder of a saved model, or of one of its versions."),
]
ReportFolder = Annotated[pathlib.Path, typer.Option(help="Folder for the report.")]
LogFolder = Annotated[
    pathlib.Path,
    typer.Argument(
        metavar="LOG", help="Folder of a gateway's log, with impressions/ and events/."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Earliest impression, ISO 8601 or UTC seconds."),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Where impressions end, exclusive."),
]
WindowHours = Annotated[
    float,
    typer.Option(min=0.0, help="Hours after an impression in which events count."),
]
Clicks = Annotated[
    str,
    typer.Option(
        metavar="KINDS",
        help="Kinds of events that are clicks, with commas; `usual` is the one without "
        "a name.",
    ),
]
ReportFile = Annotated[
    pathlib.Path | None,
    typer.Option(metavar="FILE", help="Report as .json or .md, by the name's ending."),
]
