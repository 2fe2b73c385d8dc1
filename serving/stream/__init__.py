"""Events from Kafka or a file into the states: `python -m serving.stream`."""
