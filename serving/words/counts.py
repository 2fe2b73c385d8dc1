"""What is counted of texts, in Prometheus' form."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class WordCounts:
    """Counters of the texts of one program.

    Args:
        registry: where they are found; None for one that nobody reads.
    """

    def __init__(self, registry: CollectorRegistry | None = None):
        registry = registry or CollectorRegistry()

        def counter(name, words, *labels):
            return Counter(
                f"tfrec_words_{name}_total", words, labels, registry=registry
            )

        self._texts = counter("texts", "Texts given.", "kind", "lang", "source")
        self._fallbacks = counter(
            "fallbacks", "Texts of a template in place of the model's.", "reason"
        )
        self._tokens = counter("tokens", "Tokens of the model.", "side")
        self._cache = counter("cache", "Looks into the cache.", "outcome")
        self._seconds = Histogram(
            "tfrec_words_seconds",
            "Time of a call of the model.",
            buckets=_BUCKETS_S,
            registry=registry,
        )

    def count_text(self, kind: str, lang: str, source: str, fallback: str) -> None:
        """Counts a text that was given, from the cache or not.

        Args:
            kind: of the text.
            lang: of the text.
            source: what wrote it.
            fallback: why a template wrote in place of the model, `""` if it did not.
        """
        self._texts.labels(kind, lang, source).inc()
        if fallback:
            self._fallbacks.labels(fallback).inc()

    def count_call(self, seconds: float, read: int, written: int) -> None:
        """Counts a call of the model, and its tokens."""
        self._seconds.observe(seconds)
        self._tokens.labels("prompt").inc(read)
        self._tokens.labels("completion").inc(written)

    def count_cache(self, is_hit: bool) -> None:
        """Counts a look into the cache."""
        self._cache.labels("hit" if is_hit else "miss").inc()
