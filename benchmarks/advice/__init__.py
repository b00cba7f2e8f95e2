"""Advice on the real agreement, read item by item: evidence firms, pairs, ideas, opportunities."""
