"""How well the rules read the labelled requests of `benchmarks/sentences`.

    python benchmarks/sentence_slots.py

prints precision, recall and F1 of slots for each language and each half, the sentences
that are read otherwise than labelled with `--wrong`, and the seconds that they take.
"""

import argparse
import collections
import datetime
import json
import pathlib
import re
import time

from serving.sentences.catalogue_names import CatalogueNames
from serving.sentences.rule_parser import RuleParser, read_concepts

FOLDER = pathlib.Path(__file__).parent / "sentences"
TODAY = datetime.date(2026, 11, 29)
LANGUAGES, SPLITS = ("en", "zh"), ("dev", "test")
# Words that mean nothing alone: a query is compared without them.
_FUNCTION = re.compile(
    "(?:an?|the|of|in|on|at|for|from|with|to|and|or|but|is|are|be|that|which|who|it|my|"
    "about|some|as|by|i|so|too|very|really|just)"
)


def read_sentences(language):
    """The labelled sentences of a language, as dicts."""
    path = FOLDER / f"{language}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def read_catalogues():
    """Name -> items, as dicts with `title`, `category`, `about` and numbers."""
    return json.loads((FOLDER / "catalogues.json").read_text("utf-8"))


def make_parser(items):
    """A `RuleParser` for items; their ids are their titles."""
    titles = {item["title"]: item["title"] for item in items}
    categories = {part for item in items for part in item["category"].split("|")}
    return RuleParser(CatalogueNames(titles, categories, concepts=read_concepts()))


def pairs_of_label(slots):
    """`(slot, value)` of each thing that a label has."""
    pairs = set()
    for slot, value in slots.items():
        if slot == "query":
            pairs.add((slot, _compared(value)))
        elif isinstance(value, list):
            pairs |= {(slot, _key(each)) for each in value}
        else:
            pairs.add((slot, _key(value)))
    return pairs


def pairs_of_request(request):
    """The same of what a parser found."""
    slots = {}
    for part in request.parts():
        slot = "unlike" if part.slot == "unlike_words" else part.slot
        slots.setdefault(slot, []).append(_as_label(part.value))
    single = {"query", "k", "newer_than", "older_than", "order"}
    label = {s: values[0] if s in single else values for s, values in slots.items()}
    return pairs_of_label(label)


def _as_label(value):
    if isinstance(value, datetime.date):
        return value.isoformat()
    kind = type(value).__name__
    if kind == "NumericLimit":
        kept = {"attribute": value.attribute, "min": value.min, "max": value.max}
        return {name: each for name, each in kept.items() if each is not None}
    if kind == "Refinement":
        kept = {"kind": value.kind, "place": value.place, "attribute": value.attribute}
        return {name: each for name, each in kept.items() if each not in (None, "")}
    if kind == "Order":
        direction = "down" if value.is_descending else "up"
        return {"attribute": value.attribute, "direction": direction}
    return value


def _key(value):
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def _compared(query):
    words = re.findall(r"[a-z0-9']+|[\u3400-\u9fff]+", query.lower())
    if any(re.search("[\u3400-\u9fff]", word) for word in words):
        return "".join(words).replace("的", "")
    return " ".join(word for word in words if not _FUNCTION.fullmatch(word))


def score(language, splits=SPLITS):
    """Counts of right, found and labelled values by slot, and the wrong sentences."""
    parsers = {name: make_parser(items) for name, items in read_catalogues().items()}
    counts, wrong = collections.defaultdict(lambda: [0, 0, 0]), []
    for sentence in read_sentences(language):
        if sentence["split"] not in splits:
            continue
        request = parsers[sentence["catalogue"]].parse(sentence["text"], TODAY)
        found, label = pairs_of_request(request), pairs_of_label(sentence["slots"])
        for at, pairs in enumerate((found & label, found, label)):
            for slot, _ in pairs:
                counts[slot][at] += 1
        if found != label:
            wrong.append((sentence["text"], label - found, found - label))
    return counts, wrong


def f1(counts):
    """Micro-averaged precision, recall and F1 of counts as of `score`."""
    right, found, labelled = (
        sum(each[at] for each in counts.values()) for at in range(3)
    )
    precision, recall = right / max(found, 1), right / max(labelled, 1)
    return precision, recall, 2 * right / max(found + labelled, 1)


def cpu_ms(length=200):
    """CPU milliseconds of each sentence, repeated to so many letters, sorted."""
    parsers = {name: make_parser(items) for name, items in read_catalogues().items()}
    found = []
    for sentence in (each for name in LANGUAGES for each in read_sentences(name)):
        parser, text = parsers[sentence["catalogue"]], f"{sentence['text']}, "
        text = (text * length)[:length]
        times = []
        for _ in range(4):
            started = time.process_time()
            parser.parse(text, TODAY)
            times.append(1e3 * (time.process_time() - started))
        found.append(min(times))
    return sorted(found)


def main():
    """Prints the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--wrong", choices=SPLITS, help="show those of this half")
    wrong_half = arguments.parse_args().wrong
    for language in LANGUAGES:
        for split in SPLITS:
            counts, wrong = score(language, [split])
            figures = " ".join(f"{each:.3f}" for each in f1(counts))
            said = "precision, recall, F1"
            print(f"{language} {split}: {said} {figures}; {len(wrong)} of 50 differ")
            for text, missing, extra in wrong if wrong_half == split else ():
                print(f"    {text}\n      missing {missing}\n      extra   {extra}")
        counts, _ = score(language)
        for slot, of in sorted(counts.items()):
            print(f"    {slot}: {of[2]} labelled, F1 {f1({slot: of})[2]:.3f}")
    times = cpu_ms()
    percentiles = ", ".join(f"p{p} {times[2 * p - 1]:.1f}" for p in (50, 90, 99))
    print(f"CPU ms of a sentence of 200 letters: {percentiles}, most {times[-1]:.1f}")


if __name__ == "__main__":
    main()
