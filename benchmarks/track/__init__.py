"""Track: what a list page costs beside the same query and template without a portal around them."""
