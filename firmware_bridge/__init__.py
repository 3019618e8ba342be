"""Serial modules: bytes from radars, cameras, Remote ID receivers and microcontrollers become contacts.

``link`` reads a port and feeds a module; a module (``radar/``, ``camera/``, ``remote_id/``, ``mcu/``: one file per
device or dialect) turns bytes into ``contacts`` without touching a port or a clock; ``devices`` lists them all.
"""
