"""Where the files of serving/deploy are, and how programs read their flags."""

import os
import pathlib
import re
import types
from unittest import mock

import typer

from serving.gateway.__main__ import serve as serve_gateway
from serving.server import serve
from serving.stream.__main__ import run as consume

ROOT = pathlib.Path(__file__).parents[3]
DEPLOY = ROOT / "serving" / "deploy"
PROGRAMS = {
    "tfrec-serve": serve,
    "tfrec-gateway": serve_gateway,
    "tfrec-consume": consume,
}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*")


def read_flags(command, environment=()):
    """Name to value of a program's parameters, as the program itself reads them."""
    program, *arguments = command
    app = typer.Typer()
    app.command()(PROGRAMS[program])
    with mock.patch.dict(os.environ, environment):
        context = typer.main.get_command(app).make_context(program, arguments)
    return types.SimpleNamespace(**context.params)


def check_redis(command, password, memory):
    """Whether a Redis keeps what it acknowledged, refuses what has no room, is guarded.

    Args:
        command: of the server, its settings in pairs.
        password: what stands for it.
        memory: bytes that the server may take in all.
    """
    program, *words = command
    flags = dict(zip(words[::2], words[1::2], strict=True))
    assert program == "redis-server"
    assert (flags["--appendonly"], flags["--appendfsync"]) == ("yes", "always")
    assert flags["--maxmemory-policy"] == "noeviction"
    assert flags["--requirepass"] == password
    number, unit = re.fullmatch(r"(\d+)(mb|gb)", flags["--maxmemory"]).groups()
    assert int(number) << {"mb": 20, "gb": 30}[unit] <= memory * 2 / 3
