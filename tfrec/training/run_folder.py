"""The folder of a run: only what a run has written is replaced or removed."""

import os

from tfrec.errors import ConfigError
from tfrec.files import remove, replacing

MARKER = ".tfrec-run"
WORDS = "A run of tfrec wrote what is in this folder; its next run replaces it.\n"
CONFIG, DATA = "config.json", "data_digest.txt"  # what a run is resumed with
RESULTS = ("report.json", "report.md", "report.html", "queries.npz")
FIGURES = ("ndcg_at_10.png", "reliability.png", "training.png")
STAGES = {
    "choose": "Training for validation",
    "test": "Training for the test",
    "final": "Training on the whole log",
}


def begin(folder, config, digest, resume):
    """A run goes on with what it began with, or starts clean.

    Args:
        folder: `pathlib.Path` of the run.
        config: str, the whole configuration.
        digest: str, of the data.
        resume: whether checkpoints stay.

    Raises:
        ConfigError: something in the folder is not a run's, or `resume` is asked for
            with another configuration or other data.
    """
    decisive = {folder / CONFIG: config, folder / DATA: digest}
    check(folder)
    for path, text in decisive.items():
        if resume and path.exists() and path.read_text(encoding="utf-8") != text:
            raise ConfigError(
                "`--resume` needs the configuration and the data that the run began "
                "with, because the checkpoints belong to them. Received: others than "
                f"{path} tells of. Undo the change, or train without `--resume`."
            )
    claim(folder)
    if not resume:  # or a later `--resume` would find another run's checkpoints
        for stage in STAGES:
            _empty(folder / stage)
    for path, text in decisive.items():
        with replacing(path) as aside:
            aside.write_text(text, encoding="utf-8")


def check(folder):
    """Sees to it that a run replaces only what a run has written.

    Raises:
        ConfigError: a person, or another program, wrote something there.
    """
    names = () if (folder / MARKER).is_file() else (CONFIG, DATA, *RESULTS, *FIGURES)
    taken = [folder / name for name in names if os.path.lexists(folder / name)]
    taken += [
        folder / stage
        for stage in STAGES
        if os.path.lexists(folder / stage) and not _is_own(folder / stage)
    ]
    if taken:
        raise ConfigError(
            f"A run must find in {folder} only what a run has written, because it "
            f"replaces it. Received: {', '.join(map(str, taken))}, without a file "
            f"{MARKER} beside or in it. Move it away, or take another `run.name`."
        )


def claim(folder):
    """Makes a folder, if need be, and marks it as a run's."""
    with replacing(folder / MARKER) as aside:
        aside.write_text(WORDS, encoding="utf-8")


def _is_own(folder):
    is_empty = folder.is_dir() and not any(folder.iterdir())
    return is_empty or (folder / MARKER).is_file()


def _empty(folder):
    """Removes what is in a folder, the marker last: what is cut short is ours still."""
    if folder.exists():
        for path in folder.iterdir():
            if path.name != MARKER:
                remove(path)
        remove(folder)
