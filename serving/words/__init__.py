"""Sentences for people, written by a language model or by templates, and checked."""
