"""Where the files of serving/deploy are, and how programs read their flags."""

import pathlib
import re
import types

import typer

from serving.online.consumer import run as consume
from serving.online.gateway import serve as serve_gateway
from serving.server import serve

ROOT = pathlib.Path(__file__).parents[3]
DEPLOY = ROOT / "serving" / "deploy"
PROGRAMS = {
    "tfrec-serve": serve,
    "tfrec-gateway": serve_gateway,
    "tfrec-consume": consume,
}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*")


def read_flags(command):
    """Name to value of a program's parameters, as the program itself reads them."""
    program, *arguments = command
    app = typer.Typer()
    app.command()(PROGRAMS[program])
    context = typer.main.get_command(app).make_context(program, arguments)
    return types.SimpleNamespace(**context.params)
