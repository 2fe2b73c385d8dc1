"""Towers and closed-form scorers as one inner product of chosen weights."""
