"""From a log and a configuration to a trained, judged and exported model."""
