"""Lists, mappings and tables: JSON, YAML, CSV and the exports of forums."""
