"""A CausalLM preset of KerasHub; imported in the model's own process alone."""

from collections.abc import Callable, Sequence

from serving.words.contract import ChatMessage, Completion
from tfrec.optional import import_optional

BLOCK_TOKENS = 512  # lengths are multiples of it, since each is compiled


def load(path: str) -> Callable[[Sequence[ChatMessage], int, float], Completion]:
    """A function that generates with a preset's folder.

    Raises:
        MissingPackageError: KerasHub is not installed.
        ValueError: the folder holds no preset of a causal language model.
    """
    models = import_optional(
        "keras_hub.models",
        "a KerasHub preset",
        "`pip install 'tfrec[presets]'` installs it.",
    )
    model = models.CausalLM.from_preset(path)
    model.compile(sampler="greedy")
    return lambda *question: _generate(model, *question)


def _generate(model, messages, max_tokens, seconds):
    """The deadline is kept from outside: a compiled loop cannot be told to stop."""
    prompt = "\n\n".join(message["content"] for message in messages) + "\n\n"
    read = len(model.preprocessor.tokenizer(prompt))
    length, most = read + max_tokens, model.preprocessor.sequence_length
    if length > most:
        raise ValueError(
            f"A prompt and its text must have at most {most} tokens. "
            f"Received: {length}."
        )
    length = min(most, -(-length // BLOCK_TOKENS) * BLOCK_TOKENS)
    text = model.generate(prompt, max_length=length, strip_prompt=True)
    tokens = model.preprocessor.tokenizer(text)
    kept = model.preprocessor.tokenizer.detokenize(tokens[:max_tokens])
    return Completion(
        str(kept), read, min(len(tokens), max_tokens), len(tokens) > max_tokens
    )
