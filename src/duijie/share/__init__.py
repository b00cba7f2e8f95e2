"""Sharing: a log as lines of a file, verified by anybody who holds it and the public keys of the sides."""

from duijie.ledger.lines import entries_of, line_of, verify_entries

__all__ = ["entries_of", "line_of", "verify_entries"]
