"""What runs in the engine process: the model, and all generation on it."""
