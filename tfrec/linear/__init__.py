"""Scorers in closed form behind one contract."""
