"""Words of a log's texts: `python -m training.enrich FOLDER`."""

import collections
import dataclasses
import logging
import pathlib
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from tfrec.errors import DataError
from tfrec.program import run_program, show_log
from training.options import Overrides

logger = logging.getLogger(__name__)

CACHE = ".words"  # in the log's folder: hidden, so that no table is looked for in it
WITHOUT_TOPICS = ("none", "lstm", "precomputed")  # they give no vectors of any text
SHOWN = 8  # keywords and topics at the end


def enrich(
    folder: Annotated[pathlib.Path, typer.Argument(help="Folder of the log.")],
    config: Annotated[
        pathlib.Path | None,
        typer.Option(help="Configuration in TOML, for names of columns and `text.…`."),
    ] = None,
    override: Overrides = None,
):
    """Finds keywords, topic, sentiment and language of a log's texts.

    items_words.parquet has a row for each item, texts_words.parquet one for each
    distinct text of the events. The log is not changed. What was found of a text is
    kept in FOLDER/.words, so that a later call reads only new texts; a call that was
    ended goes on there. Topics need a pretrained text encoder and are found anew each
    time.
    """
    from tfrec.config import load_config  # TensorFlow, below: not for `--help`
    from tfrec.data.readers import read_folder
    from training.enriching.cache import DescribedTexts
    from training.enriching.tables import item_table, write_tables

    console = Console()
    show_log()
    settings = load_config(config, override or ())
    cache = DescribedTexts(folder / CACHE)  # says at once which package is missing
    dataset = read_folder(
        folder, dataclasses.replace(settings.data, folder=str(folder))
    )
    item_texts = [*dataset.items.texts]
    event_texts = _texts_of(dataset.events.frame)
    texts = [*dict.fromkeys(filter(None, [*item_texts, *event_texts]))]
    if not texts:
        raise DataError(
            "The log must have texts: titles or texts of items, or texts of events. "
            f"Received: {folder}, without any."
        )
    described = cache.describe(texts)
    described["topic"] = _topics(texts, described["language"], settings, folder)
    items = item_table(dataset.items.frame, item_texts, described)
    is_of_event = np.isin(np.array(texts, object), np.array(event_texts, object))
    write_tables(folder, items, described[is_of_event])
    for line in _summary(described):
        console.print(line, markup=False, highlight=False)


def _texts_of(events):
    if "text" not in events:
        return []
    return [text for text in events["text"].unique() if text]


def _topics(texts, languages, settings, folder):
    """`[n]` names of topics, all `""` without an encoder that has learnt before."""
    from tfrec.text.catalogue_cache import CatalogueCache
    from tfrec.text.factory import make_text_encoder
    from training.enriching.topics import find_topics

    if settings.model.text_encoder in WITHOUT_TOPICS:
        logger.info(
            "No topics: they need a pretrained text encoder, and "
            'model.text_encoder = "%s".',
            settings.model.text_encoder,
        )
        return np.full(len(texts), "", object)
    encoder = make_text_encoder(settings, texts)
    vectors = CatalogueCache(folder / CACHE / "vectors").encode(encoder, texts)
    return find_topics(texts, languages, vectors)


def _summary(described):
    yield f"Texts: {len(described):,}."
    languages = described["language"].replace("", "not known")
    keywords = described["keywords"].str.split("|").explode()
    topics = described["topic"]
    columns = {"Languages": languages, "Keywords": keywords, "Topics": topics}
    for name, column in columns.items():
        counts = collections.Counter(value for value in column if value)
        shown = (f"{value} ({n:,})" for value, n in counts.most_common(SHOWN))
        yield f"{name}: {'; '.join(shown) or 'none'}."


def main():
    """Entry point of `tfrec-enrich`."""
    run_program(enrich)


if __name__ == "__main__":
    main()
