"""How good a recommender is: metrics, honest evaluation, the report."""
