"""Courses that come after others."""
