"""Crossdock: the application over connectors, mappings, the store and WeCom."""
