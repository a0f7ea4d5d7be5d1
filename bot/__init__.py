"""Everything a person sees in chat. Never imports torch."""
