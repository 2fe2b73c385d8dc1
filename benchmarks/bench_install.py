"""What each way of using tfrec installs, and what importing it costs.

    python benchmarks/bench_install.py

Sizes are those of the installed files of all requirements, in MB (10^6 bytes); an
extra's are what it adds. Imports are CPU-seconds of a fresh process, Python's own start
included.
"""

import importlib.metadata as metadata
import resource
import subprocess
import sys

from packaging.requirements import Requirement
from rich.console import Console
from rich.table import Table

EXTRAS = ("scann", "presets", "multilingual", "serve", "stream", "otel")
IMPORTS = {
    "a server asked from Python": "tfrec.client.client",
    "`import tfrec`": "tfrec",
    "training, `tfrec.Recommender`": "tfrec.recommender",
    "the gateway": "serving.gateway.app",
    "the consumer": "serving.stream.consume",
}


def needed(name, extra, known=()):
    """Names of the installed packages that one needs for an extra, itself included."""
    found, left = set(known), [(name, extra)]
    while left:
        name, extra = left.pop()
        for line in metadata.requires(name) or ():
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is not None and not marker.evaluate({"extra": extra}):
                continue
            if requirement.name not in found and is_installed(requirement.name):
                found.add(requirement.name)
                left += [(requirement.name, each) for each in ("", *requirement.extras)]
    return found


def is_installed(name):
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def megabytes(names):
    files = (file for name in names for file in metadata.files(name) or ())
    paths = (file.locate() for file in files)
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def import_seconds(module):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    console = Console()
    base = needed("tfrec", "")
    table = Table("install", "MB", "packages")
    table.add_row("tfrec", f"{megabytes(base):.0f}", str(len(base)))
    for extra in EXTRAS:
        more = needed("tfrec", extra, base) - base
        table.add_row(f"+ {extra}", f"{megabytes(more):.0f}", str(len(more)))
    console.print(table)
    table = Table("use", "import", "CPU-seconds")
    for use, module in IMPORTS.items():
        table.add_row(use, module, f"{import_seconds(module):.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
