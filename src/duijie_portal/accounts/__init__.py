"""Governments, departments, people, roles and the keys of each side."""
