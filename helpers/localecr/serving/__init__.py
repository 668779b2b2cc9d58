"""The web server: cheroot's reading of HTTP and its WSGI, with the parts that meet strangers made for hostile company.

cheroot gives a thread to each connection from its first byte on, so that a few dozen clients that send half a request stop
everybody. Here one loop (``reception``) holds all connections without a thread: those that are idle, those whose request
has not come whole yet, and those that are only waiting to be hung up. A thread (``threads``, started when it is needed) is
given only to a request whose head is complete. What then moves too slowly is ended (``connection``). Heads are read
strictly (``head``), and bodies a piece at a time (``body``), however long they say they are.
"""

from localecr.serving.body import BrokenBody
from localecr.serving.listener import Listener, raise_file_limit

__all__ = ["BrokenBody", "Listener", "raise_file_limit"]
