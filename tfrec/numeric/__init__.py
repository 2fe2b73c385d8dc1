"""Closed forms that models and baselines share; plain arrays only."""
