"""The durable queue: one SQLite file, one connection, one thread."""
