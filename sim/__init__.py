"""sim: to be written."""
