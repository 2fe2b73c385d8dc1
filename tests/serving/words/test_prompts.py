"""Tests of serving.words.prompts and of the settings that choose them."""

import shutil

import pytest

from serving.words.backends import BACKENDS, open_model
from serving.words.kinds import KINDS
from serving.words.prompts import FOLDER, read_prompts
from serving.words.settings import WordsSettings, read_words
from serving.words.writer import Writer
from tfrec.errors import ConfigError

GOOD = "version: 7\n\nDo this.\n---\n$evidence in $max_letters letters, for $$1.\n"


@pytest.fixture
def folder(tmp_path):
    """A copy of the prompts, with another one for reasons in English."""
    shutil.copytree(FOLDER, tmp_path / "prompts")

    def write(content):
        path = tmp_path / "prompts" / "reason.en.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "prompts"

    return write


def test_every_kind_has_a_prompt_in_both_languages():
    prompts = read_prompts()
    assert set(prompts) == {(kind, lang) for kind in KINDS for lang in ("en", "zh")}
    messages = prompts["reason", "zh"].messages(
        evidence="项目：“异形”", deed="看过", max_letters=99
    )
    roles = [message["role"] for message in messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "<facts>\n项目：“异形”\n</facts>" in messages[-1]["content"]
    assert "99" in messages[-1]["content"]
    assert "看过“茶叶罐”" in messages[-2]["content"]


def test_a_prompt_has_its_version_and_a_digest_of_its_content(folder):
    prompt = read_prompts(folder(GOOD))["reason", "en"]
    assert prompt.version.startswith("reason.en-7-")
    other = read_prompts(folder(GOOD.replace("this", "that")))["reason", "en"]
    assert other.version != prompt.version
    texts = prompt.messages(evidence="$deed {x}", deed="", max_letters=3)
    assert texts[1]["content"] == "$deed {x} in 3 letters, for $1."
    windows = read_prompts(folder(GOOD.replace("\n", "\r\n")))["reason", "en"]
    assert [part.template for part in windows.parts] == [
        part.template for part in prompt.parts
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD.replace("$evidence", "it"), r"must have the variable `\$evidence`"),
        (GOOD.replace("Do this", "$evidence"), r"`\$evidence` in its last part alone"),
        (GOOD.replace("$max_letters", "$words"), r"Received: `\$words`"),
        (GOOD.replace("$$1", "$1"), r"must have `\$\$` for a dollar sign"),
        (GOOD.replace("---", "-"), "must have parts with a line `---`"),
        (GOOD.replace("Do this.", " "), "must have parts with a line `---`"),
        (GOOD.replace("version", "x"), "must begin with a line `version: 1`"),
        ("", "must begin with a line `version: 1`"),
        (GOOD + "x" * 20_000, "at most 16384 bytes"),
        (b"version: 1\n\n\xff", "must be UTF-8"),
    ],
)
def test_a_wrong_prompt_is_an_error_at_the_start(folder, content, words):
    with pytest.raises(ConfigError, match=words) as caught:
        Writer(WordsSettings(prompts=str(folder(content))))
    assert "reason.en.txt" in str(caught.value)


def test_a_missing_prompt_is_an_error_at_the_start(folder):
    (folder(GOOD) / "push.zh.txt").unlink()
    with pytest.raises(ConfigError, match=r"push\.zh\.txt cannot be read"):
        read_prompts(folder(GOOD))


def settings_of(tmp_path, text):
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    return read_words(path)


def test_settings_come_from_one_section(tmp_path):
    text = '[words]\nbackend = "openai"\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    settings = settings_of(tmp_path, text + "share_personal = true\ndeadline_s = 3\n")
    assert (settings.backend, settings.deadline_s) == ("openai", 3.0)
    assert open_model(settings).name == "m"
    assert open_model(read_words(None)) is None


def test_a_model_of_others_is_chosen_by_its_name(tmp_path):
    BACKENDS.register("mine")(lambda settings: f"reads {settings.path}")
    try:
        settings = settings_of(tmp_path, '[words]\nbackend = "mine"\npath = "x"\n')
        assert open_model(settings) == "reads x"
    finally:
        BACKENDS.remove("mine")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[words]\nbackend = "opnai"', "Did you mean \"?'?openai"),
        ('[words]\nbackend = "openai"', "`words.url` must be given with `backend"),
        ('[words]\nbackend = "gguf"', "`words.path` must be given"),
        ('[words]\nbakend = "gguf"', "Did you mean `backend`?"),
        ('[words]\nshare_personal = "yes"', "`words.share_personal` must be bool"),
        ("[words]\nmax_tokens = 0", "`words.max_tokens` must be positive"),
        ("[words]\ndeadline_s = 61", "at most 60"),
        ("[words]\ndeadline_s = nan", "above 0"),
        ("[word]\nmax_tokens = 1", r"must have one section, `\[words\]`"),
        ("", r"must have one section, `\[words\]`. Received: none"),
    ],
)
def test_wrong_settings_are_errors_in_words(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        open_model(settings_of(tmp_path, text))
