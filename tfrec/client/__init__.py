"""Asking a server from Python, without TensorFlow."""
