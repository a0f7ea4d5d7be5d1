"""What operators see: the check-up, the heartbeat, the published state, reports."""
