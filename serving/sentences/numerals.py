"""Numbers in digits and in words, of English and Chinese."""

import re

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_ONES.split())}
_WORDS |= {word: 10 * tens for tens, word in enumerate(_TENS.split(), start=2)}
_GROUPS = {"couple": 2, "dozen": 12}
_SCALES = {"hundred": 100, "thousand": 1000}
_ANY_WORD = "|".join([*_WORDS, *_GROUPS, *_SCALES])
_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,4})?|\d{1,9}(?:\.\d{1,4})?)"
# One number of each language, for a pattern; both are of bounded length.
ENGLISH = (
    rf"(?:{_DIGITS}k?(?![\d,]*\d)|\b(?:an? )?(?:{_ANY_WORD})"
    rf"(?:(?:[ -]| and )(?:{_ANY_WORD})){{0,6}}\b)"
)
_CHINESE_DIGITS = {each: value for value, each in enumerate("零一二三四五六七八九")}
_CHINESE_DIGITS |= {"〇": 0, "两": 2}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1000}
_ANY_DIGIT = "".join(_CHINESE_DIGITS)
CHINESE = rf"(?:{_DIGITS}万?|[{_ANY_DIGIT}十百千万半]{{1,9}})"


def read_number(text: str) -> float | None:
    """The value of a number, None if it is none.

    Example:
        >>> read_number("1,200.5"), read_number("a hundred and ten"), read_number("2k")
        (1200.5, 110.0, 2000.0)
        >>> read_number("三百二十"), read_number("两千五"), read_number("1.5万")
        (320.0, 2500.0, 15000.0)
        >>> read_number("twenty twenty"), read_number("十百")
        (None, None)
    """
    text = text.strip().lower()
    plain = re.fullmatch(rf"({_DIGITS})(k|万)?", text)
    if plain:
        factor = {"k": 1e3, "万": 1e4}.get(plain[2], 1)
        return float(plain[1].replace(",", "")) * factor
    value = _read_chinese(text) if re.search("[一-鿿〇]", text) else _read_english(text)
    return None if value is None else float(value)


def _read_english(text):
    words = re.findall("[a-z]+", text)
    if words[:1] in (["a"], ["an"]):
        words = words if len(words) == 1 else words[1:]
    total = part = last = 0
    for word in words:
        if word == "and":
            continue
        if word in _SCALES or word in _GROUPS:
            scale = _SCALES.get(word) or _GROUPS[word]
            part = (part or 1) * scale
            if scale == 1000:
                total, part = total + part, 0
            last = 100
        elif word in _WORDS:
            value = _WORDS[word]
            if last and not value < last:  # "twenty twenty"
                return None
            part, last = part + value, 10 if value >= 20 else 1
        else:
            return None
    return total + part if words else None


def _read_chinese(text):
    """As "两万三千五" is said, or digit by digit as "二〇二〇"."""
    if text == "半":
        return 0.5
    if len(text) > 1 and all(each in _CHINESE_DIGITS for each in text):
        return int("".join(str(_CHINESE_DIGITS[each]) for each in text))
    high, has_high, low = text.rpartition("万")
    upper = _below_10000(high) if has_high else 0
    lower = _below_10000(low) if low else 0
    return None if upper is None or lower is None else 10_000 * upper + lower


def _below_10000(text):
    total, digit, last = 0, None, 10_000
    for each in text:
        if each in _CHINESE_DIGITS:
            if digit:
                return None
            digit = _CHINESE_DIGITS[each]
        elif each in _CHINESE_SCALES and _CHINESE_SCALES[each] < last:
            last = _CHINESE_SCALES[each]
            total, digit = total + (1 if digit is None else digit) * last, None
        else:
            return None
    if not digit:
        return total
    # "两千五" is 2500; "两千零五", whose zero was the digit before, is 2005.
    is_short = last in (100, 1000) and "零" not in text and "〇" not in text
    return total + digit * (last // 10 if is_short else 1)
