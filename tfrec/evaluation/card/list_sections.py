"""Sections of the page on what the lists are like."""

from typing import Any

from tfrec.evaluation.card.html_parts import (
    bars,
    escaped,
    number,
    paragraph,
    slice_bars,
    table,
)

Report = dict[str, Any]
FIGURES = {  # name -> (words, form of the number, what it means)
    "coverage": ("coverage", ".1%", "share of the catalogue shown to somebody"),
    "coverage_unmet": (
        *("coverage, unmet", ".1%"),
        "share of the catalogue shown to somebody who had not met the item",
    ),
    "gini": (
        *("Gini of exposure", ".3f"),
        "0: all items are shown equally often; near 1: a few items have all places",
    ),
    "text_diversity": (
        *("diversity of texts", ".3f"),
        "1 less the mean cosine of the text vectors of two items of a list",
    ),
    "category_diversity": (
        *("diversity of categories", ".3f"),
        "mean Jaccard distance of the categories of two items of a list",
    ),
    "novelty": (
        *("novelty, bits", ".2f"),
        "mean log2 of all people per person who had the item",
    ),
    "serendipity": (
        *("serendipity", ".4f"),
        "share of the right items that the list shows and popularity does not",
    ),
    "popularity_lift": (
        *("popularity lift", "+.1%"),
        "how much more popular shown items are than those of people's histories",
    ),
    "new_items": ("new items", ".1%", "share of places with untrained items"),
    "age_days": ("age of items, days", ".0f", "since they could first be had"),
}
KINDS = {"popularity": "By popularity", "category": "By category"}
SERIES = {"catalogue": "catalogue", "relevance": "what people choose"}


def beyond(report: Report) -> str:
    """A table of the figures, beside popularity and the best baseline."""
    card = report.get("card")
    if card is None:
        return ""
    names, found = card["lists"], card["beyond_accuracy"]
    rows = [
        [words, *((found[name].get(figure), form) for name in names), why]
        for figure, (words, form, why) in FIGURES.items()
        if figure in found[names[0]]
    ]
    missing = [
        words for name, (words, _, _) in FIGURES.items() if name not in found[names[0]]
    ]
    lacking = ""
    if missing:
        lacking = "Not computed, because the log lacks what they need or texts are not"
        lacking += f" read: {', '.join(missing)}."
    return (
        paragraph("Of the lists of 10 that each test question gets.")
        + table(["figure", *names, "meaning"], rows, last_is_words=True)
        + paragraph(lacking)
        + _most_shown(card.get("most_shown", []))
    )


def _most_shown(items):
    if not items:
        return ""
    rows = [
        [
            item["title"] or item["item_id"],
            f"{item['lists']:.1%}",
            f"{item['people']:,}",
        ]
        for item in items
    ]
    header = ["item", "in lists", "people with a training event"]
    return "<h3>Items that are shown most</h3>" + table(header, rows)


def exposed(report: Report) -> str:
    """Exposure of groups of items, beside their catalogue and what people choose."""
    judged = report.get("card", {}).get("exposure", {})
    if not judged:
        return ""
    words = "A place counts 1 / log2(1 + rank). Where exposure is far below what people"
    words += " choose, a group of items is hard to find."
    parts = [paragraph(words)]
    for kind, found in judged.items():
        groups = {group["group"]: _group_bars(group) for group in found["groups"]}
        parts.append(f"<h3>{escaped(KINDS[kind])}</h3>")
        distance = number(found["distance"], ".3f")
        title = (
            f"Shares of groups. Distance of exposure to what people choose: {distance}"
        )
        parts.append(bars(title, groups, ".1%"))
    return "".join(parts)


def _group_bars(group):
    rows = [
        (f"{words}", {"mean": group[name]}, "theirs") for name, words in SERIES.items()
    ]
    theirs = {"mean": group["popularity_baseline"]}
    rows.append(("exposure by popularity", theirs, "third"))
    return [*rows, ("exposure", group["exposure"], "ours")]


def moving(report: Report) -> str:
    """How much of a list stays, after nothing, after an event, between versions."""
    card = report.get("card")
    if card is None:
        return ""
    found = card["stability"]
    kinds = {
        "nothing_new": "asked again",
        "one_event": "after one further event of the person",
        "versions": "by another version of the model",
    }
    rows = [
        [
            words,
            f"{found[name]['num_questions']:,}",
            (found[name].get("overlap"), ".3f"),
            (found[name].get("rank_biased_overlap"), ".3f"),
            number(found[name]["share_moved"], ".1%"),
        ]
        for name, words in kinds.items()
        if name in found
    ]
    words = "Overlap: share of the items of a list that stay in it. Rank-biased overlap"
    words += " counts the first places most; 1 means that nothing moved. An item that"
    words += " the person just had leaves the list, unless repeats are allowed."
    header = ["list", "questions", "overlap@10", "rank-biased overlap", "lists moved"]
    note = found.get("versions", {}).get("against", "")
    against = f"The other version is that of {note}." if note else ""
    return paragraph(words) + table(header, rows) + paragraph(against)


def time_section(report: Report) -> str:
    """NDCG by age of the history and by drift, beside the classical recipes."""
    found = report.get("card", {}).get("time")
    if found is None:
        return ""
    parts = []
    if "age" in found:
        parts.append("<h3>By time since the latest event</h3>")
        parts.append(slice_bars(found["age"]))
    if "drift" in found:
        words = "Drift: Jensen-Shannon divergence in bits between the categories of the"
        words += " older and the newer half of a history; thirds of the questions."
        parts += ["<h3>By drift of taste</h3>", paragraph(words)]
        parts.append(slice_bars(found["drift"]))
    else:
        words = "Drift of taste needs categories, times and histories of 4 events."
        parts.append(paragraph(words))
    return "".join(parts)
