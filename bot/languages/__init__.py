"""The sentences of `bot.texts.ENGLISH` in other languages, one module each."""
