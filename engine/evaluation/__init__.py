"""Measuring what people get: retrieval, answers, and the truth check."""
