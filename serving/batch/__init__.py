"""Scoring many users at once."""
