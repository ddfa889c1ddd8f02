"""The modular family: micro-models under an orchestrator, a typed graph that an engine runs."""

__all__ = []
