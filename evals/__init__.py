"""Measures answers, summaries, retrieval and the verifier. Uses the public surface of rag."""
