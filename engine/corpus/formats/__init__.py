"""What each kind of file holds: from its bytes to entries."""
