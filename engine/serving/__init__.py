"""The bot's side of generation: keeps an engine process serving and orders what it is asked."""
