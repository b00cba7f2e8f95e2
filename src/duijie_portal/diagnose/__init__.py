"""How the industries of the regions fit, as the pipeline found it."""
