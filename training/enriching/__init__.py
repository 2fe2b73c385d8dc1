"""Keywords, topics, sentiment and language of texts, as columns beside a log."""
