"""What the world says, as files: agreements, kinds, taxonomies, policies and words; this is their door."""

from .evidence import evidence_rules
from .files import check, entries, inside, read, read_json, table
from .shelf import kept, listing, root
from .words import sentence, words

__all__ = [
    "check",
    "entries",
    "evidence_rules",
    "inside",
    "kept",
    "listing",
    "read",
    "read_json",
    "root",
    "sentence",
    "table",
    "words",
]
