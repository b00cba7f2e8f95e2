"""Who meets whom, when and where."""
