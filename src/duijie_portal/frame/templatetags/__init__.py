"""Template tags: words and small marks."""
