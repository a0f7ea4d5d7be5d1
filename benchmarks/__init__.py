"""What prints the figures in the docs."""
