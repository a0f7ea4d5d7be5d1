"""Finding the entries that fit a question, and measuring it."""
