"""What follows from the figures of a report, in plain sentences.

A finding names the figure that it follows from. Where a figure rests on too little, the
finding says that, and nothing else.
"""

from collections.abc import Iterator
from typing import Any

from tfrec.evaluation.card.fairness import FEW_PEOPLE
from tfrec.evaluation.card.segments import FEW
from tfrec.evaluation.plots import shown

GOOD, CHECK, NOTE = "good", "check", "note"
SIGNIFICANT = 0.05
OFF = 0.05  # calibration error that misleads whoever sets a threshold
SMALL_COVERAGE = 0.2  # of the catalogue
LIFT = 0.2  # by how much shown items may be more popular than those of the histories
FEW_QUESTIONS = 100  # of a slice
HIDDEN = 0.5  # exposure over relevance, below which a group is rarely shown
MISCALIBRATED = "The probabilities are"  # how the warning begins
SOME = 0.03  # of the right items, from which on a group is worth a finding

Finding = dict[str, Any]
Report = dict[str, Any]


def findings(report: Report) -> list[Finding]:
    """All findings, in the order of the page.

    Args:
        report: content of `report.json`; what it lacks is not spoken of.

    Returns:
        List of dicts: `level` ("good", "check" or "note"), `words`, and `figure`, where
        in the report the figure is that the words follow from.
    """
    kinds = [_people, _baseline, _calibration, _segments, _groups, _coverage]
    kinds += [_popularity, _hidden, _stability, _drift, _slices, _warnings]
    return [each for kind in kinds for each in kind(report)]


def _finding(level, figure, words):
    return {"level": level, "words": words, "figure": figure}


def _people(report: Report) -> Iterator[Finding]:
    asked = report["protocol"].get("num_users_asked")
    if asked is not None and asked < FEW_PEOPLE:
        words = (
            f"Few people were asked: {asked}. Intervals are from a bootstrap over "
            "people, so with so few they may be too narrow; compare nothing by them."
        )
        yield _finding(CHECK, "protocol.num_users_asked", words)


def _baseline(report: Report) -> Iterator[Finding]:
    ours, *baselines = report["models"]
    metric = report["metric"]
    if not baselines:
        words = "No baseline was evaluated, so no figure says whether this is good."
        yield _finding(NOTE, "models", f"{words} Set `evaluation.baselines = true`.")
        return
    best, figure = baselines[0], "models[1].against"
    against = best["against"]
    low, high = against["interval"]
    gap = (
        f"{shown(metric)} {ours['metrics'][metric]['mean']:.4f} against "
        f"{best['metrics'][metric]['mean']:.4f}, a difference of "
        f"{against['difference']:+.4f} (95 % {low:+.4f} to {high:+.4f})"
    )
    if low > 0:
        words = f"{ours['name']} beats the best baseline, {best['name']}: {gap}."
        yield _finding(GOOD, figure, words)
    elif high < 0:
        words = f"The baseline {best['name']} is better than {ours['name']}: {gap}."
        advice = " Look at the slices, and train for more epochs or on more data."
        yield _finding(CHECK, figure, words + advice)
    else:
        words = f"{ours['name']} is not clearly better than {best['name']}: {gap}."
        advice = " The interval holds 0. Ask more questions, or use the baseline."
        yield _finding(CHECK, figure, words + advice)


def _calibration(report: Report) -> Iterator[Finding]:
    interest = report.get("card", {}).get("interest")
    if interest is None:
        return
    note = interest["threshold"]["note"]
    if note:
        yield _finding(CHECK, "card.interest.threshold", note)
        return
    (whole,) = interest["segments"]["all"]
    figure = "card.interest.segments.all"
    if whole["is_few"]:
        words = (
            f"Calibration cannot be judged on {whole['num_examples']:,} examples of "
            f"{whole['num_people']:,} people, {whole['num_positive']:,} of them "
            f"positive: each label needs {FEW}, and there must be {FEW_PEOPLE} people. "
            "Order items by `scores`, and set no threshold."
        )
        yield _finding(CHECK, figure, words)
        return
    words = (
        f"expected calibration error {whole['error']:.3f} (by chance alone up to "
        f"{whole['error_by_chance']:.3f}; above {OFF} a threshold misleads)"
    )
    if _is_off(whole):
        advice = "Set no threshold without the reliability diagram; use newer events."
        yield _finding(CHECK, figure, f"The probabilities are off: {words}. {advice}")
    else:
        yield _finding(GOOD, figure, f"The probabilities can be used: {words}.")


def _segments(report: Report) -> Iterator[Finding]:
    segments = report.get("card", {}).get("interest", {}).get("segments", {})
    for kind, rows in segments.items():
        for row in rows:
            if kind == "all" or row["is_few"] or not _is_off(row):
                continue
            words = (
                f"Probabilities are {_direction(row)} for "
                f"{kind}, {row['segment']}: {row['promised']:.2f} promised and "
                f"{row['observed']:.2f} observed on {row['num_examples']:,} examples "
                f"of {row['num_people']:,} people (expected calibration error "
                f"{row['error']:.3f})."
            )
            yield _finding(CHECK, f"card.interest.segments.{kind}", words)


def _direction(row):
    too_much = row["promised"] - row["observed"]
    if abs(too_much) < OFF / 2:
        return "right on average, but off one by one,"
    return "too high" if too_much > 0 else "too low"


def _is_off(row):
    return row["error"] > max(OFF, row["error_by_chance"])


def _groups(report: Report) -> Iterator[Finding]:
    columns = report.get("card", {}).get("fairness", {}).get("columns", {})
    gaps = {name: each["gap"] for name, each in columns.items() if each["gap"]}
    for name, gap in gaps.items():
        figure = f"card.fairness.columns.{name}.gap"
        if gap["is_few"]:
            words = (
                f"Whether groups by {name} are served alike cannot be said: the best "
                f"or the worst group has fewer than {FEW_PEOPLE} people."
            )
            yield _finding(NOTE, figure, words)
            continue
        p = min(1.0, gap["p"] * len(gaps))  # Bonferroni: one test a column
        low, high = gap["interval"]
        between = (
            f"NDCG@10 of {gap['best']} is {gap['difference']:.4f} above that of "
            f"{gap['worst']} (95 % {low:+.4f} to {high:+.4f}; p {p:.3f}, allowing for "
            f"{len(gaps)} compared columns)"
        )
        if p < SIGNIFICANT:
            words = f"Groups by {name} are not served alike: {between}."
            advice = " See whether the worse group has shorter histories or few events."
            yield _finding(CHECK, figure, words + advice)
        else:
            words = f"No gap between groups by {name} that chance does not explain"
            yield _finding(GOOD, figure, f"{words}: {between}.")


def _coverage(report: Report) -> Iterator[Finding]:
    card = report.get("card")
    if card is None:
        return
    ours, *others = (card["beyond_accuracy"][name] for name in card["lists"])
    figure = f"card.beyond_accuracy.{card['lists'][0]}.coverage"
    share = ours["coverage"]["mean"]
    beside = "; ".join(
        f"{name} {each['coverage']['mean']:.1%}"
        for name, each in zip(card["lists"][1:], others, strict=True)
    )
    words = f"{share:.1%} of the catalogue is shown to somebody ({beside})."
    places = 10 * report["protocol"].get("num_queries", 0)
    if places < report["protocol"].get("num_items", 0):
        words += " There are fewer places than items, so it could not be all of it."
        yield _finding(NOTE, figure, words)
    elif share < SMALL_COVERAGE:
        words = f"Few items are ever shown: {words}"
        advice = " A `diversity` above 0 in requests, or a larger"
        advice += " `model.new_item_cost`, shows more of them."
        yield _finding(CHECK, figure, words + advice)
    else:
        yield _finding(GOOD, figure, words)


def _popularity(report: Report) -> Iterator[Finding]:
    card = report.get("card")
    if card is None:
        return
    name, baseline = card["lists"][:2]
    lift = card["beyond_accuracy"][name].get("popularity_lift")
    if lift is None:
        return
    figure, (low, high) = (
        f"card.beyond_accuracy.{name}.popularity_lift",
        lift["interval"],
    )
    if lift["count"] < FEW_QUESTIONS:
        words = (
            f"Popularity bias is not judged: {lift['count']} questions have a history."
        )
        yield _finding(NOTE, figure, words)
        return
    theirs = card["beyond_accuracy"][baseline]["popularity_lift"]["mean"]
    beside = f"(95 % {low:+.0%} to {high:+.0%}; the {baseline} baseline {theirs:+.0%})"
    mean = f"{abs(lift['mean']):.0%} {'more' if lift['mean'] > 0 else 'less'} popular"
    words = f"What is shown is {mean} than what people had chosen before {beside}."
    if low > LIFT:
        advice = " Compare the exposure of rare items with their relevance."
        yield _finding(CHECK, figure, f"There is a popularity bias. {words}{advice}")
    else:
        yield _finding(GOOD if low <= 0 else NOTE, figure, words)


def _hidden(report: Report) -> Iterator[Finding]:
    for kind, judged in report.get("card", {}).get("exposure", {}).items():
        for group in judged["groups"]:
            exposure = group["exposure"]
            if exposure is None or group["relevance"] < SOME:
                continue
            if exposure["interval"][1] < HIDDEN * group["relevance"]:
                words = (
                    f"Items of the group {group['group']} are {group['relevance']:.1%} "
                    f"of what people choose and have {exposure['mean']:.1%} of the "
                    "exposure. People may not find them."
                )
                yield _finding(CHECK, f"card.exposure.{kind}", words)


def _stability(report: Report) -> Iterator[Finding]:
    card = report.get("card")
    if card is None:
        return
    still = card["stability"]["nothing_new"]
    figure, count = "card.stability.nothing_new", still["num_questions"]
    if still["share_moved"]:
        words = (
            f"{still['share_moved']:.1%} of {count:,} lists changed when nothing had"
        )
        advice = "Scores may be tied or computed in another order; look at the index."
        yield _finding(CHECK, figure, f"{words} happened. {advice}")
    else:
        words = f"Asked again, all {count:,} questions got the same lists."
        yield _finding(GOOD, figure, words)
    if "one_event" in card["stability"]:
        moved = card["stability"]["one_event"]
        words = (
            f"One further event of a person leaves {moved['overlap']['mean']:.0%} of "
            "their list in place."
        )
        yield _finding(NOTE, "card.stability.one_event", words)


def _drift(report: Report) -> Iterator[Finding]:
    rows = report.get("card", {}).get("time", {}).get("drift", [])
    if not rows or rows[-1]["num_queries"] < FEW_QUESTIONS:
        return
    (name, ours), *others = rows[-1]["models"].items()
    if not others:
        return
    best, theirs = max(others, key=lambda each: each[1]["mean"])
    is_ahead = ours["mean"] >= theirs["mean"]
    words = (
        f"Where taste moves most, {name} has NDCG@10 {ours['mean']:.4f} and the best "
        f"classical recipe, {best}, {theirs['mean']:.4f} "
        f"({rows[-1]['num_queries']:,} questions)."
    )
    if not is_ahead:
        words += " A smaller `model.half_life_days` forgets sooner."
    yield _finding(GOOD if is_ahead else CHECK, "card.time.drift", words)


def _slices(report: Report) -> Iterator[Finding]:
    metric, slices = report["metric"], report["models"][0].get("slices", {})
    for cold, warm in (("new users", "known users"), ("cold items", "warm items")):
        if cold not in slices or warm not in slices:
            continue
        count = slices[cold]["num_queries"]
        figure = f"models[0].slices.{cold}"
        if count < FEW_QUESTIONS:
            words = f"The slice {cold} has {count} questions, too few for a finding."
            yield _finding(NOTE, figure, words)
            continue
        here, there = (slices[name]["metrics"][metric] for name in (cold, warm))
        if here["interval"][1] < there["interval"][0]:
            words = (
                f"{shown(metric)} is {here['mean']:.4f} for {cold} ({count:,} "
                f"questions) and {there['mean']:.4f} for {warm}."
            )
            yield _finding(CHECK, figure, words)


def _warnings(report: Report) -> Iterator[Finding]:
    is_judged = "interest" in report.get("card", {})
    for number, words in enumerate(report["details"].get("warnings", [])):
        if is_judged and words.startswith(MISCALIBRATED):
            continue  # the finding on calibration says it
        yield _finding(CHECK, f"details.warnings[{number}]", words)
