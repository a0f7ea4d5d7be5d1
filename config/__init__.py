"""Settings and where they come from, logging, the catalogue of models, the sentences."""
