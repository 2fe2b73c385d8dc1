"""What a configuration leaves to the log, decided once for the whole of it."""

import dataclasses

import numpy as np

from tfrec.data.repeats import learns_repeats
from tfrec.errors import ConfigError
from tfrec.text.readability import choose_preset


def resolved(config, data):
    """A configuration without `"auto"` where the log decides.

    Args:
        config: `Config`.
        data: `RunData`.

    Returns:
        `Config` whose `data.repeats` is `"never"` or `"allowed"`, whose
        `model.text_encoder` names an encoder, or `"none"` for a log without texts,
        whose `text.preset` is one that reads the texts, and whose `evaluation.split`
        is `"rolling"`, or `"random"` for a log without times.

    Raises:
        ConfigError: a half-life is set for events without times.
        DownloadError: MiniLM cannot be downloaded.
    """
    if config.model.half_life_days and not data.interactions.has_times:
        raise ConfigError(
            "`model.half_life_days` must be 0, because no event of the log has a time. "
            f"Received: {config.model.half_life_days}. Leave it out."
        )
    repeats = learns_repeats(data.interactions, config.data.repeats)
    encoder = config.model.text_encoder
    if encoder == "auto":
        encoder = "bert" if (_texts(data.dataset) != "").any() else "none"
    split = config.evaluation.split
    if split == "auto":
        split = "rolling" if data.interactions.has_times else "random"
    preset = config.text.preset
    if (encoder, preset) == ("bert", "auto"):
        preset = choose_preset(_texts(data.dataset))
    return dataclasses.replace(
        config,
        data=dataclasses.replace(
            config.data, repeats="allowed" if repeats else "never"
        ),
        text=dataclasses.replace(config.text, preset=preset),
        model=dataclasses.replace(config.model, text_encoder=encoder),
        evaluation=dataclasses.replace(config.evaluation, split=split),
    )


def _texts(dataset):
    profiles = dataset.users.frame["text"].to_numpy(object)
    return np.concatenate([dataset.items.texts, profiles])
