"""What a request asks of a list, whoever asks."""

from dataclasses import dataclass
from typing import Any

from serving.gateway.own_parameters import Named
from serving.gateway.quotas import read_quota
from serving.gateway.schemas import Mode
from tfrec.reasons.sentences import Lang


@dataclass(frozen=True)
class ListOptions:
    """What is asked for, whoever asks.

    Attributes:
        k: how many items.
        category: those wanted, `|` between; `""` for all.
        domain: the same of domains.
        quota: items of each domain, such as `"books:3|films:2"`, in place of `k`.
        query: what is looked for, in words.
        explain: whether to say what speaks for each item.
        now: UTC seconds, None for the clock.
        mode: whether the history goes with the request, or the interest vector.
        allow_repeats: whether items of the history may come again.
        min_probability: items below it do not come.
        diversity: 0 for the best items, up to 1 for items unlike one another.
        lang: of the reasons.
        limits: of attributes, by the names that the model gives.
        user_features: columns of the user; they count before those of the profile.
        context: columns of the request.
    """

    k: int = 10
    category: str = ""
    query: str = ""
    explain: bool = False
    now: int | None = None
    mode: Mode = "history"
    allow_repeats: bool = False
    min_probability: float = 0.0
    diversity: float = 0.0
    lang: Lang = "en"
    domain: str = ""
    quota: str = ""
    limits: Named = ()
    user_features: Named = ()
    context: Named = ()

    @property
    def categories(self) -> list[str]:
        """Those wanted, none for all."""
        return [part for part in self.category.split("|") if part]

    @property
    def domains(self) -> list[str]:
        """Those wanted, none for all."""
        return [*read_quota(self.quota)] or [p for p in self.domain.split("|") if p]

    @property
    def num_items(self) -> int:
        """How many items there are at most."""
        return sum(read_quota(self.quota).values()) or self.k

    @property
    def filters(self) -> dict[str, Any]:
        """Those that the model takes with a history and with a vector."""
        return {
            "k": self.num_items,
            "categories": self.categories,
            "domain": self.domains,
            "min_probability": self.min_probability,
            "diversity": self.diversity,
            "filters": dict(self.limits),
        }
