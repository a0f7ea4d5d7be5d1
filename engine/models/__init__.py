"""Which models there are, how they get here, and whether they fit."""
