"""Prove, on your own traffic, that an LLM call can be replaced by something you can afford, explain and verify."""
