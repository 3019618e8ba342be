"""Fusion: contacts of serial modules and radio tracks become one picture. Pure: time comes with the data."""
