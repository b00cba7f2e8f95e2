"""What the sides hand each other: the sealed log, certificates, keys."""
