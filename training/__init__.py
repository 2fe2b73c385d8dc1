"""Programs that learn: train, evaluate, tune. They write saved models for `serving`."""
