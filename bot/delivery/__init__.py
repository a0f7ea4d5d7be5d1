"""How an answer gets back to the person who asked."""
