"""What two regions hand each other: sealed logs that anyone can verify."""

from .seal import Entry, Signer, Verdict, canonical_json, seal, verify

__all__ = ["Entry", "Signer", "Verdict", "canonical_json", "seal", "verify"]
