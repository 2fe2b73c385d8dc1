"""Runs a program's `main` in this process: seconds less than a new interpreter."""

import sys

import pytest


def run_program(monkeypatch, main, *arguments):
    """Exit code of `main` with these command-line arguments."""
    monkeypatch.setattr(sys, "argv", ["program", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0
