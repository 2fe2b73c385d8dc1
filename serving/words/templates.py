"""Texts without a model: true because they only put evidence into its places."""

import functools
import pathlib
from collections.abc import Sequence
from typing import Any

from serving.words.facts import Facts
from serving.words.kinds import Kind
from tfrec.reasons.evidence import Evidence
from tfrec.reasons.sentences import Lang, sentence
from tfrec.toml import read_toml

FOLDER = pathlib.Path(__file__).parent / "templates"
MAX_NAMED = 3  # items of a list


class Templates:
    """The templates of one language.

    Args:
        lang: of the texts; titles and categories stay in theirs.

    Attributes:
        version: of the file.
    """

    def __init__(self, lang: Lang):
        self._lang = lang
        self._texts = _read(lang)
        self.version = f"{lang}-{self._texts['version']}"

    def write(self, kind: Kind, evidence: Sequence[Evidence], facts: Facts) -> str:
        """A text of any kind.

        Args:
            kind: of the text.
            evidence: of the item, or of the items of a list.
            facts: of it.
        """
        write = {
            "reason": self._reason,
            "blurb": self._blurb,
            "digest": self._digest,
            "push": self._push,
        }
        return write[kind](evidence[0], facts)

    def facts(self, facts: Facts) -> str:
        """The facts as lines of a prompt, each with its label."""
        is_list = len(facts.items) > 1
        lines = [self._line("item", name=self._quoted(i.title)) for i in facts.items]
        if not is_list:
            item = facts.items[0]
            lines.append(self._listed("categories", item.categories))
            lines.append(self._line("about", text=item.about) if item.about else "")
        deed = self.deed(facts.deed)
        lines.append(self._listed("cause", map(self._quoted, facts.causes), deed=deed))
        lines.append(self._listed("frequent" if is_list else "shared", facts.shared))
        lines.append(self._line("query", text=facts.query) if facts.query else "")
        return "\n".join(filter(None, lines))

    def deed(self, deed: str) -> str:
        """What a person did, in this language."""
        return self._texts["deeds"][deed or "other"]

    def _reason(self, evidence, facts):
        words = sentence(evidence, self._lang)
        if words is None:
            return self._fill("reason", "bare", facts)
        return self._fill("reason", "because", facts, sentence=words)

    def _blurb(self, evidence, facts):
        item = facts.items[0]
        if item.about:
            return self._fill("blurb", "about", facts, about=item.about.rstrip(".。"))
        if item.categories:
            names = self._join(item.categories)
            return self._fill("blurb", "categories", facts, categories=names)
        return self._fill("blurb", "bare", facts)

    def _digest(self, evidence, facts):
        shared = self._join(facts.shared)
        heading = "heading" if shared else "heading_bare"
        head = self._fill("digest", heading, facts, shared=shared)
        names = [self._quoted(item.title) for item in facts.items[:MAX_NAMED]]
        return f"{head}\n{self._because('digest', facts, items=self._join(names))}"

    def _push(self, evidence, facts):
        return self._because("push", facts)

    def _because(self, kind, facts, **values):
        if not facts.causes:
            return self._fill(kind, "bare", facts, **values)
        causes = self._quoted(facts.causes[0])
        values |= {"deed": self.deed(facts.deed), "causes": causes}
        return self._fill(kind, "because", facts, **values)

    def _fill(self, kind, key, facts, **values):
        item = self._quoted(facts.items[0].title)
        return self._texts[kind][key].format(item=item, **values)

    def _line(self, key, **values):
        return self._texts["facts"][key].format(**values)

    def _listed(self, key, names, **values):
        names = self._join(names)
        return self._line(key, names=names, **values) if names else ""

    def _join(self, names):
        return self._texts["comma"].join(names)

    def _quoted(self, name):
        return self._texts["quoted"].format(name=name)


@functools.cache
def _read(lang) -> dict[str, Any]:
    return read_toml(FOLDER / f"{lang}.toml")
