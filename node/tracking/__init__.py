"""node/tracking: to be written."""
