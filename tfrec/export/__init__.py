"""The saved model: signatures, manifest, warm-up, and the proof that it works."""
