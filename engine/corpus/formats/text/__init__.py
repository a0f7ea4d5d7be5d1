"""Text with headings: Markdown and what is like it."""
