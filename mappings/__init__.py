"""Mappings: YAML files that state a stream in the canonical model, and the engine that runs them."""
