"""A Message in; a stored Job, a command's answer or a polite refusal out."""
