"""A mapping suggested for a sheet: which column is which field, why, and how sure that is."""

from mappings.suggest.match import ACCEPTED, Candidate, ColumnSuggestion, document_of, suggest
from mappings.suggest.write import missing_fields, stated_entities, write_mapping

__all__ = [
    "ACCEPTED",
    "Candidate",
    "ColumnSuggestion",
    "document_of",
    "missing_fields",
    "stated_entities",
    "suggest",
    "write_mapping",
]
