"""Web pages, and HTML inside other texts."""
