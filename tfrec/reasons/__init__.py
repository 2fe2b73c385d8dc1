"""Why an item is recommended: as data, and as a sentence in a reader's language."""
