"""The canonical model: entities, code lists, checks, issues and errors; no input or output."""
