"""firmware_bridge: to be written."""
