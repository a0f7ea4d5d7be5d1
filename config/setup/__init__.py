"""The set-up that `make` runs: an environment with the locked packages, and the default model.

Standard library only: it runs before anything is installed.
"""
