"""node: to be written."""
