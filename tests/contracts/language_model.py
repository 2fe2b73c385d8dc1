"""What every language model promises, wherever it runs."""

import time

import pytest

from serving.words.contract import LanguageModelError

QUESTION = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "content": "Say hello to the sea."},
]
LATE_S = 1.5  # a call ends within a second of its deadline; the rest is this machine's


def in_s(seconds):
    return time.monotonic() + seconds


class LanguageModelContract:
    """Tests of a `LanguageModel`; subclasses give the fixture `model`."""

    def test_it_writes(self, model):
        answer = model.generate(QUESTION, max_tokens=12, deadline=in_s(60))
        assert isinstance(answer.text, str)
        assert answer.prompt_tokens > 0
        assert 0 < answer.completion_tokens <= 12

    def test_the_same_question_has_the_same_answer(self, model):
        first, second = (
            model.generate(QUESTION, max_tokens=8, deadline=in_s(60)) for _ in range(2)
        )
        assert first.text == second.text

    def test_nobody_waits_past_a_deadline_that_is_over(self, model):
        started = time.monotonic()
        with pytest.raises(LanguageModelError) as caught:
            model.generate(QUESTION, max_tokens=12, deadline=in_s(-1))
        assert caught.value.failure == "deadline"
        assert time.monotonic() - started < LATE_S

    def test_it_has_a_name_and_a_place(self, model):
        assert model.name
        assert model.is_local in (True, False)
