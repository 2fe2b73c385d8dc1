"""One run of writing texts: block by block, so that a killed run goes on."""

import hashlib
import itertools
import json
import logging
import pathlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pyarrow as pa

from serving.batch.shards import WorkFolder
from serving.batch.tables import open_output, parse_query_id, stream_table
from serving.words.kinds import OF_LISTS, Kind
from serving.words.writer import Text, Writer
from tfrec.data.columns import Column, Table, parse_id, parse_integer
from tfrec.progress import Progress
from tfrec.reasons.evidence import Evidence
from tfrec.reasons.sentences import Lang

logger = logging.getLogger(__name__)

BLOCK_LISTS = 200  # written before they are kept
RECOMMENDATIONS = Table(
    "Recommendations",
    (
        Column("query_id", parse_query_id, is_required=True),
        Column("user_id", parse_id, is_required=True),
        Column("rank", parse_integer, is_required=True),
        Column("item_id", parse_id, is_required=True),
    ),
)
RESULT = pa.schema(
    {
        "query_id": pa.string(),
        "user_id": pa.string(),
        "rank": pa.int32(),  # 0 for a text about the whole list
        "item_id": pa.string(),  # empty for it
        "kind": pa.string(),
        "lang": pa.string(),
        "text": pa.string(),
        "evidence": pa.string(),  # JSON
        "model": pa.string(),
        "prompt_version": pa.string(),
        "source": pa.string(),
        "fallback": pa.string(),  # why a template wrote in place of the model
    }
)
EvidenceOf = Callable[[str, Sequence[str]], Sequence[Evidence]]


class _List(NamedTuple):
    """The recommendations of one query."""

    query_id: str
    user_id: str
    ranks: list[int]
    item_ids: list[str]


class TextsRun:
    """Everything between the recommendations and the texts.

    Args:
        recommendations: table as batch scoring writes it: file or folder.
        out: path of the result.
        writer: of the texts.
        kind: of the texts.
        lang: of the texts.
        inputs: paths of what else decides the result.
    """

    def __init__(
        self,
        recommendations: pathlib.Path,
        out: pathlib.Path,
        writer: Writer,
        kind: Kind,
        lang: Lang,
        inputs: Sequence[pathlib.Path],
    ):
        self._recommendations, self._out = recommendations, out
        self._writer, self._kind, self._lang = writer, kind, lang
        settings = (kind, lang, *writer.version(kind, lang), writer.has_person(kind))
        self._work = WorkFolder(out, _digest([recommendations, *inputs], settings))

    def write(
        self, evidence_of: EvidenceOf, deadline_s: float, num_writers: int = 1
    ) -> Counter:
        """Writes all texts.

        Args:
            evidence_of: user id and item ids to the evidence of each item.
            deadline_s: seconds for each text.
            num_writers: lists whose texts are written at a time.

        Returns:
            How many texts each source wrote, and `"template: REASON"` in place of the
            model.
        """
        progress = Progress("Writing texts", unit="lists")
        num_parts = 0

        def write_rows(asked):
            return self._rows(asked, evidence_of, deadline_s)

        with ThreadPoolExecutor(num_writers) as pool:
            for lists in self._blocks():
                if not self._work.part(num_parts).exists():
                    rows = pool.map(write_rows, lists)
                    table = pa.Table.from_pylist([*itertools.chain(*rows)], RESULT)
                    self._work.write_part(num_parts, [table])
                num_parts += 1
                progress.advance(len(lists))
        return self._put_together(num_parts)

    def _blocks(self) -> Iterator[list[_List]]:
        frames = stream_table(self._recommendations, RECOMMENDATIONS, {})
        rows = (row for frame in frames for row in frame.to_dict("records"))
        by_query = itertools.groupby(rows, key=lambda r: (r["query_id"], r["user_id"]))
        lists = (
            _List(str(query_id), user_id, *_columns(sorted_rows))
            for (query_id, user_id), sorted_rows in by_query
        )
        while block := [*itertools.islice(lists, BLOCK_LISTS)]:
            yield block

    def _rows(self, asked: _List, evidence_of, deadline_s) -> list[dict]:
        found = [*evidence_of(asked.user_id, asked.item_ids)]
        if self._kind in OF_LISTS:
            parts = [(0, "", found)]
        else:
            ids = zip(asked.ranks, asked.item_ids, found, strict=True)
            parts = [(rank, item_id, [each]) for rank, item_id, each in ids]
        return [
            self._row(asked, rank, item_id, self._text(evidence, deadline_s))
            for rank, item_id, evidence in parts
        ]

    def _text(self, evidence, deadline_s) -> Text:
        deadline = time.monotonic() + deadline_s
        return self._writer.write(self._kind, evidence, self._lang, deadline)

    def _row(self, asked, rank, item_id, text):
        evidence = json.dumps(text.evidence, ensure_ascii=False)
        return text.as_dict() | {
            "query_id": asked.query_id,
            "user_id": asked.user_id,
            "rank": rank,
            "item_id": item_id,
            "evidence": evidence,
            "fallback": text.fallback,
        }

    def _put_together(self, num_parts):
        counts: Counter = Counter()
        with open_output(self._out, RESULT) as append:
            for number in range(num_parts):
                with pa.ipc.open_stream(str(self._work.part(number))) as reader:
                    table = reader.read_all()
                append(table)
                for each in table.select(["source", "fallback"]).to_pylist():
                    counts[": ".join(filter(None, each.values()))] += 1
        self._work.remove()
        return counts


def _columns(rows):
    pairs = sorted((row["rank"], row["item_id"]) for row in rows)
    return [rank for rank, _ in pairs], [item_id for _, item_id in pairs]


def _digest(paths, settings):
    """Of the content of files and folders, and of settings."""
    digest = hashlib.sha256(repr(settings).encode())
    files = (
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
    )
    for path in files:
        if path.is_file():
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()
