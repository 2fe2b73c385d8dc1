"""What a configuration leaves to the log, decided once for the whole of it."""

import dataclasses

from tfrec.data.repeats import learns_repeats


def resolved(config, data):
    """A configuration without `"auto"` where the log decides.

    Args:
        config: `Config`.
        data: `RunData`.

    Returns:
        `Config` whose `data.repeats` is `"never"` or `"allowed"` and whose
        `model.text_encoder` names an encoder, or `"none"` for a log without texts.
    """
    repeats = learns_repeats(data.interactions, config.data.repeats)
    encoder = config.model.text_encoder
    if encoder == "auto":
        encoder = "bert" if _has_texts(data.dataset) else "none"
    return dataclasses.replace(
        config,
        data=dataclasses.replace(
            config.data, repeats="allowed" if repeats else "never"
        ),
        model=dataclasses.replace(config.model, text_encoder=encoder),
    )


def _has_texts(dataset):
    return (dataset.items.texts != "").any() or (
        dataset.users.frame["text"] != ""
    ).any()
