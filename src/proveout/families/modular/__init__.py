"""modular: small models that do one thing each, under a graph that says how they work together."""

from proveout.families.modular.micro import MicroModel, build_micro, load_micro

__all__ = ["MicroModel", "build_micro", "load_micro"]
