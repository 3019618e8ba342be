"""Camera modules with their own network: boxes in, directions out. The node never sees a picture.

``lens`` turns a place in the picture into a direction, ``boxes`` a box into a contact; one file per protocol;
``maixpy/`` is the program for the other end of the Maix protocol.
"""
