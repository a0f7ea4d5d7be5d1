"""From a question to an answer: what kind of message it is, what fits it, how sure we are."""
