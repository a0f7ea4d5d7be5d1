"""The sentences of `bot.delivery.texts.ENGLISH` in other languages, one module each."""
