"""What the world says, as files: agreements, kinds, taxonomies, policies and words; this is their door."""

from .files import check, listing, read, root, table
from .words import sentence, words

__all__ = ["check", "listing", "read", "root", "sentence", "table", "words"]
