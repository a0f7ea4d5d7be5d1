"""Documents and archives: .docx, PDF, zip."""
