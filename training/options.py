"""Arguments and options that several programs share."""

import pathlib
from typing import Annotated

import typer

ConfigFile = Annotated[
    pathlib.Path, typer.Argument(help="TOML file, such as training/configs/*.toml.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Over the file."),
]
SavedModel = Annotated[pathlib.Path, typer.Option(help="Saved model, or its version.")]
ReportFolder = Annotated[pathlib.Path, typer.Option(help="Folder of the report.")]
