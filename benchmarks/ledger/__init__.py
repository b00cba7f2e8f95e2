"""Ledger: what it costs to put events on record, to fold them anew and to verify them."""
