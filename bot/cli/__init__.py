"""The command line: one file a group of commands.

A command imports retrieval, the engine and the platforms when it runs: `--help` and `health` start
without them.
"""
