"""A log of few events and many words: which packages of Debian ask for which others.

    python -m examples.debian_log runs/debian-log
    python -m training.train training/configs/default.toml \
      --set data.folder=runs/debian-log --set export.index=none

A user is a package, its events are what it depends on, recommends and suggests; an item
has the one-line description and the section of a package as its text. Debian knows no
order of these events, so theirs and the users' times are drawn.

What a package says of itself is what its people wrote. With `--own-text profile` it is
the user's profile, with `--own-text post` an event without an item, before all others.
What its long description begins with is not in the log: queries.parquet has it as a
search for the package.
"""

import enum
import hashlib
import lzma
import pathlib
import re
from typing import Annotated

import numpy as np
import pandas as pd
import pooch
from typer import Argument, Option

from tfrec.download import cache_folder
from tfrec.errors import DownloadError
from tfrec.program import run_program

ARCHIVE = "https://deb.debian.org/debian/dists/bookworm/main/"
PACKAGES, LONG_TEXTS = "binary-amd64/Packages.xz", "i18n/Translation-en.xz"
RELATIONS = ("Depends", "Recommends", "Suggests")
NUM_USERS = 12_000
LEAST_EVENTS, MOST_EVENTS = 4, 30  # of a user
START, YEAR_S = 1_700_000_000, 365 * 86_400


class OwnText(enum.StrEnum):
    """Where the description of a user stands."""

    none, profile, post = "none", "profile", "post"


def debian_log(
    folder: Annotated[pathlib.Path, Argument(help="Folder for the log.")],
    own_text: Annotated[
        OwnText, Option(help="What becomes of the users' own descriptions.")
    ] = OwnText.none,
):
    """Downloads Debian's list of packages and writes events.parquet, items.parquet."""
    packages = read_packages(download(PACKAGES))
    events = make_events(packages)
    folder.mkdir(parents=True, exist_ok=True)
    if own_text is OwnText.profile:
        users = make_users(packages, sorted(set(events["user_id"])))
        users.to_parquet(folder / "users.parquet", index=False)
    if own_text is OwnText.post:
        events = pd.concat([make_posts(packages, events), events], ignore_index=True)
    events.to_parquet(folder / "events.parquet", index=False)
    items = make_items(packages, sorted(set(events["item_id"]) - {""}))
    items.to_parquet(folder / "items.parquet", index=False)
    queries = make_queries(read_first_sentences(download(LONG_TEXTS)), items)
    queries.to_parquet(folder / "queries.parquet", index=False)
    print(f"{folder}: {len(events)} events, {len(items)} items.")


def download(name):
    """A file of Debian's; it changes with each point release, so no checksum.

    Raises:
        DownloadError: it cannot be had.
    """
    pooch.get_logger().setLevel("WARNING")
    try:
        path = pooch.retrieve(ARCHIVE + name, known_hash=None, path=cache_folder())
        return lzma.decompress(pathlib.Path(path).read_bytes()).decode()
    except (OSError, lzma.LZMAError) as error:
        raise DownloadError(f"{ARCHIVE}{name} cannot be had: {error}.") from error


def read_packages(text):
    """Name -> `{field: first line}` of the paragraphs of a Packages file."""
    packages = {}
    for paragraph in text.split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith(" ")]
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        if "Package" in fields:
            packages[fields["Package"]] = fields
    return packages


def make_events(packages):
    """A frame of `user_id`, `item_id`, `timestamp`; a minute between two events."""
    relations = {name: relations_of(name, packages) for name in sorted(packages)}
    users = [name for name, found in relations.items() if len(found) >= LEAST_EVENTS]
    rng = np.random.default_rng(0)
    rows = []
    for user in rng.permutation(users)[:NUM_USERS]:
        start = START + int(rng.integers(0, YEAR_S))
        drawn = sorted(relations[user], key=lambda item, user=user: _drawn(user + item))
        rows += [
            (user, item, start + 60 * place)
            for place, item in enumerate(drawn[:MOST_EVENTS])
        ]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])


def relations_of(name, packages):
    """Names of the packages that one asks for; of alternatives, the first."""
    groups = ",".join(packages[name].get(field, "") for field in RELATIONS).split(",")
    first = [re.split(r"[|(:]", group)[0].strip() for group in groups]
    return [each for each in dict.fromkeys(first) if each in packages]


def make_items(packages, names):
    """A frame of `item_id`, `title`, `text`, `category`."""
    fields = {"text": "Description", "category": "Section"}
    columns = {
        column: [packages[name].get(field, "") for name in names]
        for column, field in fields.items()
    }
    return pd.DataFrame({"item_id": names, "title": names} | columns)


def read_first_sentences(text):
    """Name -> how the long description begins, of the paragraphs of such a file."""
    sentences = {}
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        if not lines:
            continue
        long = [line.strip() for line in lines if line.startswith(" ")]
        first = long[: long.index(".")] if "." in long else long
        sentence = re.split(r"(?<=\w{2}\.)\s", " ".join(first), maxsplit=1)[0]
        sentences[lines[0].removeprefix("Package: ")] = sentence
    return sentences


def make_queries(sentences, items):
    """A frame of `item_id`, `text` of the items that have one, without their names."""
    found = items[["item_id"]].assign(text=items["item_id"].map(sentences).fillna(""))
    found["text"] = [
        re.sub(re.escape(name), "", text, flags=re.IGNORECASE)
        for name, text in zip(found["item_id"], found["text"], strict=True)
    ]
    return found[found["text"].str.split().str.len() >= 3]


def make_users(packages, names):
    """A frame of `user_id`, `text`."""
    texts = [packages[name].get("Description", "") for name in names]
    return pd.DataFrame({"user_id": names, "text": texts})


def make_posts(packages, events):
    """Events without an item, a minute before each user's first."""
    starts = events.groupby("user_id")["timestamp"].min() - 60
    users = make_users(packages, sorted(starts.index))
    users = users[users["text"] != ""]
    times = starts[users["user_id"]].to_numpy()
    return users.assign(item_id="", event="post", timestamp=times)


def _drawn(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    run_program(debian_log)
