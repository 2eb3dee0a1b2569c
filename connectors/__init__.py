"""Connectors: how a system is read, one package per kind of system, on the contract in `base`."""
