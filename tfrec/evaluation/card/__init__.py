"""The evaluation card: what a model does beyond its accuracy, as figures and a page."""
