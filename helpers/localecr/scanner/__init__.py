"""What is in an image, and what is known to be wrong with it. No HTTP, no AWS, no database of the lab's.

``examination.examine`` is the way in: an image's files become an inventory (``inventory``: ``layers`` read, ``overlay`` squashed, ``catalogers``
asked), and the inventory is held against the advisories (``matching``). ``process`` does it in a process of its own, so that no image
can hurt the server. Everything in ``model`` can be written as JSON and read again.
"""
