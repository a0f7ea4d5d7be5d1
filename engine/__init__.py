"""Everything between a Question and an Answer. Never imports bot."""
