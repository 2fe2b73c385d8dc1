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
