"""Civil aircraft, so that nobody takes one for a drone: fed by readsb or dump1090 over TCP.

``beast`` frames with ``mode_s`` messages in them, ``sbs`` text; ``aircraft`` collects both by address.
"""
