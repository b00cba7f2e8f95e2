"""Needs met with offers, with reasons; listings and cases of the ledger."""
