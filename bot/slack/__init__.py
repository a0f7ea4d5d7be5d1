"""Slack: what it sends becomes a Message, and a Reply what it shows."""
