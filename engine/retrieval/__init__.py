"""Finding the entries that fit a question, and how sure that is."""
