"""Where the node is and what time it is: ``gpsd`` reads a receiver through gpsd, ``node_position`` decides.

``clock_offset`` compares the node's clock with the receiver's.
"""
