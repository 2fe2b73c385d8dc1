"""The model card that goes with a saved model: Markdown with YAML front matter.

The form is that of Hugging Face. The headings also cover what the technical
documentation of the EU AI Act (Annex IV) and its articles on transparency ask for. What
is not known is left for the provider to fill.

Reference:
    Mitchell et al., Model cards for model reporting, FAT* 2019,
    https://doi.org/10.1145/3287560.3287596; Regulation (EU) 2024/1689,
    https://eur-lex.europa.eu/eli/reg/2024/1689/oj
"""

import json
from typing import Any

from tfrec.evaluation.card.html_parts import number
from tfrec.evaluation.markdown import table, verdict, with_interval
from tfrec.evaluation.plots import shown

FILL = "*To be filled by the provider.*"
TAGS = ("recommender-system", "two-tower", "retrieval", "ranking", "tensorflow")
RANKED = ("ndcg", "recall", "mrr", "hit_rate")
# Points of Annex IV and articles: the heading that has what is known.
ACT = {
    "Annex IV 1, general description": "Model details, Intended use, How to use",
    "Annex IV 2, development and data": "Training data, Model details",
    "Annex IV 2 (g), validation and testing": "Evaluation",
    "Annex IV 3, capabilities and limits": "Evaluation, Limitations, Bias and fairness",
    "Annex IV 4, choice of metrics": "Evaluation",
    "Annex IV 5, risk management": "Foreseeable misuse and risks",
    "Annex IV 6, changes over the life of the system": "Logging and changes",
    "Annex IV 7 and 8, standards and declaration": "Provider",
    "Annex IV 9, monitoring after it is in use": "Logging and changes",
    "Article 12, logging": "Logging and changes",
    "Articles 13 and 50, transparency": "Intended use, Telling people",
    "Article 14, human oversight": "Human oversight",
}

Facts = dict[str, Any]
Report = dict[str, Any] | None


def render_model_card(facts: Facts, report: Report = None) -> str:
    """The whole card.

    Args:
        facts: of the model's manifest: `name`, `config`, `data_digest`, `texts`, ...
        report: content of `report.json`, or None for a model that was not evaluated.

    Returns:
        str, Markdown.
    """
    sections = {
        "Model details": _details(facts),
        "Intended use": _intended(),
        "Out-of-scope use": _out_of_scope(),
        "Foreseeable misuse and risks": _misuse(),
        "How to use": _how_to_use(facts),
        "Training data": _data(facts, report),
        "Evaluation": _evaluation(report),
        "Limitations": _limitations(report),
        "Bias and fairness": _bias(report),
        "Human oversight": _oversight(),
        "Telling people": _telling(),
        "Logging and changes": _logging(),
        "Environmental impact": _environment(report),
        "Provider": f"Name, contact, standards that were applied, declaration: {FILL}",
        "Technical documentation of the EU AI Act": _act(),
    }
    body = "\n\n".join(f"## {title}\n\n{words}" for title, words in sections.items())
    return f"{_front_matter(facts, report)}\n# {facts['name']}\n\n{body}\n"


def _front_matter(facts, report):
    """YAML, whose strings are written as in JSON, which is YAML as well."""
    lines = ["license: unknown  # to be filled by the provider"]
    lines += ["library_name: tensorflow", "tags:", *(f"- {tag}" for tag in TAGS)]
    if report is not None:
        metrics = report["models"][0]["metrics"]
        lines += ["metrics:", *(f"- {_quoted(name)}" for name in metrics)]
        lines += ["model-index:", f"- name: {_quoted(facts['name'])}", "  results:"]
        lines += ["  - task:", "      type: recommendation"]
        lines += ["      name: Recommendation of items", "    dataset:"]
        data = report["details"].get("data", {})
        lines += [f"      name: {_quoted(data.get('name', 'unknown'))}"]
        lines += ["      type: tabular"]
        lines += [f"      revision: {_quoted(data.get('digest', 'unknown'))}"]
        lines += ["    metrics:"]
        for name, figure in metrics.items():
            lines += [
                f"    - type: {_quoted(name)}",
                f"      name: {_quoted(shown(name))}",
            ]
            lines += [f"      value: {figure['mean']:.4f}"]
    return "\n".join(["---", *lines, "---", ""])


def _quoted(text):
    return json.dumps(str(text))


def _details(facts):
    config, texts = facts.get("config", {}), facts.get("texts") or {}
    model = config.get("model", {}) if isinstance(config.get("model"), dict) else {}
    reads = f"read by `{texts['encoder']}`" if texts else "not read"
    return (
        "Two towers with further scorers, as one TensorFlow SavedModel: from a history "
        "of events, and texts, to items with scores, and to the probability that a "
        f"person is interested in an item. Texts of items are {reads}. Size of a "
        f"vector of the towers: {model.get('embedding_dim', 'see manifest.json')}. "
        "`manifest.json` beside this file has name, version, flavour, the whole "
        "configuration, packages and the digest of the data."
    )


def _intended():
    return (
        "To order the items of one catalogue for a person by what they did before, to "
        "find similar items, and to estimate interest. It answers for people whom it "
        "has never met and for items that have a text only, less well (Evaluation). "
        f"Purpose, deployers and the people concerned: {FILL}"
    )


def _out_of_scope():
    return (
        "- Decisions about people, such as work, credit, health, or access to "
        "services: a score is about the taste of items, not about a person.\n"
        "- Logs that are unlike the training data: another language, shop, country or "
        "time.\n"
        "- Probabilities as thresholds where the evaluation says that they are off.\n"
        f"- Further: {FILL}"
    )


def _misuse():
    return (
        "- Inferring traits of a person (health, belief, origin) from histories "
        "or from interest vectors. Treat both as personal data.\n"
        "- Lists that only repeat what is popular, or that follow clicks against the "
        "interest of people. The card has figures on popularity, diversity and "
        "exposure.\n"
        "- Events that others make to raise an item. Check logs before training.\n"
        f"- Measures against these, and the risk management: {FILL}"
    )


def _how_to_use(facts):
    return (
        "```python\nimport tfrec\n\n"
        'model = tfrec.load("path/of/the/version")\n'
        'model.recommend([["item-1", "item-2"]], k=10)\n```\n\n'
        f"TensorFlow Serving answers as `{facts['name']}` too; `manifest.json` has the "
        "signatures and the op libraries that are needed."
    )


def _data(facts, report):
    digest = facts.get("data_digest") or "unknown"
    lines = [f"- digest (SHA-256 of all tables): `{digest}`"]
    times = "with" if facts.get("has_times", True) else "without"
    lines += [f"- a log {times} times"]
    if report is not None:
        data = report["details"].get("data", {})
        for name in ("events", "users", "items", "duplicates_removed"):
            if name in data:
                lines.append(f"- {name.replace('_', ' ')}: {data[name]:,}")
    lines.append(f"- origin, legal basis, consent, how it was cleaned: {FILL}")
    return "\n".join(lines)


def _evaluation(report):
    if report is None:
        return f"This model was exported without an evaluation. {FILL}"
    cutoff = report["metric"].partition("@")[2]
    names = [f"{name}@{cutoff}" for name in RANKED]
    header = ["recommender", *map(shown, names)]
    rows = [
        [model["name"], *(with_interval(model["metrics"][name]) for name in names)]
        for model in report["models"][:4]
    ]
    protocol = report["protocol"]
    parts = [
        verdict(report).replace("**", ""),
        table(header, rows),
        f"Split {protocol.get('split', 'unknown')}: {protocol.get('question', '')} "
        f"{protocol.get('num_queries', 0):,} questions of "
        f"{protocol.get('num_users_asked', 0):,} people. Intervals are 95 %, from a "
        "bootstrap over users. The figures are those of a model that had not learnt "
        "from the questions; all others are in `report.json` and `report.html` of the "
        "run.",
    ]
    interest = report.get("interest")
    if interest:
        error = number(interest["expected_calibration_error"], ".3f")
        parts.append(
            f"Probabilities: AUC {number(interest['auc'], '.3f')}, log loss "
            f"{number(interest['log_loss'], '.3f')} nats, expected calibration error "
            f"{error}, on {interest['num_examples']:,} examples."
        )
    return "\n\n".join(parts)


def _limitations(report):
    lines = [
        "- It knows of a person what the log says, and nothing of why they chose.",
        "- It learns from what people were shown before, and repeats that bias.",
    ]
    for each in (report or {}).get("findings", []):
        if each["level"] == "check":
            lines.append(f"- {each['words']}")
    return "\n".join([*lines, f"- Further: {FILL}"])


def _bias(report):
    columns = (report or {}).get("card", {}).get("fairness", {}).get("columns", {})
    parts = []
    for name, found in columns.items():
        rows = [
            [each["group"].replace("|", "\\|"), f"{each['num_people']:,}"]
            + [f"{each['num_queries']:,}", with_interval(each)]
            for each in found["groups"]
        ]
        if rows:
            header = [name.replace("|", "\\|"), "people", "questions", "NDCG@10"]
            parts.append(table(header, rows))
            gap = found["gap"]
            parts += [f"Permutation p of the gap: {gap['p']:.3f}."] if gap else []
    if not parts:
        parts = ["No groups of people were compared."]
    return "\n\n".join([*parts, f"Groups that matter for the purpose: {FILL}"])


def _oversight():
    return (
        "Rules of the gateway can pin, limit and hide items at any time, a saved model "
        "can be replaced by an earlier version, and each recommended item can be asked "
        f"for the event that speaks most for it. Who does this, and when: {FILL}"
    )


def _telling():
    return (
        "Say where lists come from a recommender, by which main signals (what a person "
        "did before, texts, popularity), and how to turn that off. Reasons can "
        f"be shown with each item. How it is done here: {FILL}"
    )


def _logging():
    return (
        "Each version has its manifest with configuration, digest of the data and "
        "packages. Servers log requests if they are set to. How long logs are kept, "
        f"who reads them, and how the model is watched in use: {FILL}"
    )


def _environment(report):
    costs = (report or {}).get("costs")
    if not costs:
        return f"No times were kept. {FILL}"
    total, words = costs["total"], ""
    if total["watt_hours"] is not None:
        words = (
            f" That is about {total['watt_hours']:.2f} Wh, an estimate: CPU-seconds "
            f"times {costs['watts_per_core']:g} W a busy core, without accelerators, "
            "memory and cooling."
        )
    return (
        f"{total['seconds']:,.0f} s until the export, "
        f"{number(total['cpu_seconds'], ',.0f')} CPU-seconds.{words}"
    )


def _act():
    words = (
        "Whether the Act applies, and to what, is for the provider to decide. This is "
        "where its points are covered:"
    )
    rows = [[point, where] for point, where in ACT.items()]
    return f"{words}\n\n{table(['point', 'headings'], rows)}"
