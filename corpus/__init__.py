"""Bytes become searchable chunks. No language model, no HTTP, no environment."""
