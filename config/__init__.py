"""What the operator decides: settings, logging, the sample FAQ and the model catalogue."""
