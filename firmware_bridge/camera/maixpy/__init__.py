"""The program for a Sipeed MaixCAM; ``main.py`` is one file so that it can be copied to the camera as it is."""
