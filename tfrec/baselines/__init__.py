"""Classical recommenders, to be beaten in every report."""
