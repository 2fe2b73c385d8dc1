"""Whether a text speaks well or badly of something."""

import functools

from training.enriching.chinese import cut_words
from training.enriching.packages import words_package

READ = 2_000  # characters that are judged


def sentiment_of(text: str, language: str) -> float | None:
    """A number from -1 (bad) to 1 (good); None in a language that is not read.

    VADER's compound score for English. For Chinese, SnowNLP's probability that a
    review of a shop is a good one, on jieba's words: its own splitting into words takes
    fifty times as long. It has read reviews alone, so that a text which judges nothing
    may be far from 0.

    Args:
        text: clean text, as `clean_text` gives it.
        language: as `language_of` gives it.

    Reference:
        Hutto & Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis
        of Social Media Text, 2014, https://doi.org/10.1609/icwsm.v8i1.14550
    """
    if language == "en":
        return _vader().polarity_scores(text[:READ])["compound"]
    if language == "zh":
        return _chinese(cut_words(text[:READ]))
    return None


def _chinese(words):
    words = words_package("snownlp.normal").filter_stop(words)
    reviews = words_package("snownlp.sentiment").classifier.classifier
    label, probability = reviews.classify(words)
    good = probability if label == "pos" else 1 - probability
    return 2 * good - 1


@functools.cache
def _vader():
    return words_package("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
