"""What the world says, as files: agreements, kinds, taxonomies, policies and words; this is their door."""

from .evidence import evidence_rules
from .files import check, entries, inside, read, read_json, table
from .folders import agreement_folder, agreement_names, is_agreement
from .shelf import kept, listing, root
from .words import fault_line, sentence, words

__all__ = [
    "agreement_folder",
    "agreement_names",
    "check",
    "entries",
    "evidence_rules",
    "fault_line",
    "inside",
    "is_agreement",
    "kept",
    "listing",
    "read",
    "read_json",
    "root",
    "sentence",
    "table",
    "words",
]
