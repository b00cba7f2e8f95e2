"""Home, navigation, base templates, search, languages."""
