"""The modular family: micro-models under an orchestrator."""

__all__: list[str] = []
