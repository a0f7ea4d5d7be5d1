"""Continuous batching on unmodified models of transformers; used in the engine process only."""
