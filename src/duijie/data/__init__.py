"""What the world says, as files: agreements, kinds, taxonomies, policies and words; this is their door."""

from .evidence import evidence_rules
from .files import check, listing, read, read_json, root, table
from .words import sentence, words

__all__ = ["check", "evidence_rules", "listing", "read", "read_json", "root", "sentence", "table", "words"]
