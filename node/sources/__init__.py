"""node/sources: to be written."""
