"""Logs and texts: reading, checking, labelling, encoding and splitting them."""
