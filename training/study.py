"""Many runs on one page: `python -m training.study STUDY.toml`."""

import dataclasses
import json
import logging
import pathlib
import re
import subprocess
import sys
from typing import Annotated

import typer

from tfrec.config import load_config
from tfrec.errors import ConfigError, TrainingError
from tfrec.program import run_program, show_log
from tfrec.toml import read_toml
from tfrec.training.run_folder import check, claim

logger = logging.getLogger(__name__)

DEFAULT = "tfrec"  # the recipe as it is


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study:
    """Which runs to make; read from TOML.

    Attributes:
        config: path of the configuration that all runs share, from the study's folder.
        overrides: of that configuration, for all runs.
        seeds: of training, one run each.
        splits: kinds of split, one run each.
        variants: name -> further overrides; the recipe as it is comes first. They may
            not change the data or the questions.
    """

    config: str
    overrides: list = dataclasses.field(default_factory=list)
    seeds: list = dataclasses.field(default_factory=lambda: [1, 2, 3])
    splits: list = dataclasses.field(default_factory=lambda: ["rolling"])
    variants: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of a study."""

    split: str
    variant: str
    seed: int

    @property
    def name(self):
        """Of the run's folder."""
        words = re.sub(r"\W+", "-", self.variant).strip("-")
        return f"{self.split}.{words}.{self.seed}"


def read_study(path):
    """The `Study` of a TOML file.

    Raises:
        ConfigError: it is not there, not TOML, or has an unknown key.
    """
    values = read_toml(path)
    try:
        return Study(**values)
    except TypeError as error:
        raise ConfigError(f"{path} is no study: {error}.") from error


def cells(study):
    """The runs of a study, the recipe as it is first."""
    variants = [DEFAULT, *study.variants]
    return [
        Cell(split, variant, seed)
        for split in study.splits
        for variant in variants
        for seed in study.seeds
    ]


def check_variants(study, config):
    """Says what is wrong with splits and variants before the hours of the first runs.

    Args:
        study: `Study`.
        config: path of the shared configuration.

    Raises:
        ConfigError: a split or an override is wrong, or changes the questions, so
            that there would be nothing to compare.
    """
    ours = load_config(config, study.overrides)
    for split in study.splits:
        load_config(config, [*study.overrides, f"evaluation.split={split}"])
    for name, overrides in study.variants.items():
        other = load_config(config, [*study.overrides, *overrides])
        if (other.data, other.evaluation) != (ours.data, ours.evaluation):
            raise ConfigError(
                "A variant must leave `data` and `evaluation` alone, because it is "
                f"compared on the same questions. Received: {overrides} as {name!r}. "
                "Write a study of its own for it."
            )


def train_cell(cell, study, config, folder):
    """Runs one cell as a process of its own, unless it is done already.

    The baselines are the same for every variant and seed, so only the first cell of
    a split has them. The process' words go to `log.txt` in the cell's folder.

    Args:
        cell: `Cell`.
        study: `Study`.
        config: path of the shared configuration.
        folder: of the study.

    Raises:
        TrainingError: the run failed.
    """
    is_first = cell.variant == DEFAULT and cell.seed == study.seeds[0]
    overrides = [
        *study.overrides,
        *study.variants.get(cell.variant, ()),
        "export.index=none",
        f"run.folder={folder}",
        f"run.name={cell.name}",
        f"evaluation.split={cell.split}",
        f"evaluation.baselines={'true' if is_first else 'false'}",
        f"train.seed={cell.seed}",
    ]
    here = folder / cell.name
    settings_path, report_path = here / "overrides.json", here / "report.json"
    if (
        report_path.exists()
        and settings_path.exists()
        and json.loads(settings_path.read_text(encoding="utf-8")) == overrides
    ):
        logger.info("%s is finished already.", cell.name)
        return
    check(here)
    claim(here)
    report_path.unlink(missing_ok=True)
    settings_path.write_text(json.dumps(overrides, indent=2), encoding="utf-8")
    command = [sys.executable, "-m", "training.train", str(config)]
    command += [word for override in overrides for word in ("--set", override)]
    log = here / "log.txt"
    with open(log, "w", encoding="utf-8") as words:
        code = subprocess.run(command, stdout=words, stderr=words).returncode
    if code:
        raise TrainingError(f"The run {cell.name} failed with exit code {code}: {log}.")


def run_study(path, folder):
    """Makes all runs of a study that are not there, and writes its page.

    Args:
        path: of the TOML file.
        folder: of the runs and the page.

    Returns:
        Path of the page.
    """
    from training.study_page import write_page  # NumPy: not needed for `--help`

    study = read_study(path)
    config = pathlib.Path(path).parent / study.config
    check_variants(study, config)
    every = cells(study)
    for number, cell in enumerate(every, start=1):
        log = pathlib.Path(folder, cell.name, "log.txt")
        logger.info("Run %d of %d, log in %s.", number, len(every), log)
        train_cell(cell, study, config, folder)
    return write_page(folder, study, every)


def study(
    path: Annotated[
        pathlib.Path,
        typer.Argument(
            metavar="STUDY",
            help="Study in TOML, such as training/studies/movielens.toml.",
        ),
    ],
    out: Annotated[
        pathlib.Path, typer.Option(help="Folder for the runs and the page.")
    ],
):
    """Trains a recipe and its variants on several splits and seeds, and compares them.

    Each run is training.train without an export, in its own folder. Finished runs are
    not repeated, so a stopped study continues. The comparison is written to study.md.
    """
    show_log(format="%(asctime)s %(message)s")
    print(f"Page: {run_study(path, out)}")


def main():
    """Entry point of `tfrec-study`."""
    run_program(study)


if __name__ == "__main__":
    main()
