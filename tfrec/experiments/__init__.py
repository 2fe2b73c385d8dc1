"""A/B tests on the log of what was shown: metrics of arms and their differences."""
