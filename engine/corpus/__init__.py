"""The FAQ: read from files and addresses into Documents."""
