"""What holds for every test."""

import os

# Before TensorFlow is imported anywhere: its notes on CPUs are no test results.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
