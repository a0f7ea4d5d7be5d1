"""The truth check: what of a model's text stands in the entries."""
