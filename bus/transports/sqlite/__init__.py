"""The embedded engine: a log in one SQLite file that threads and processes of one machine share.

A walk: ``engine`` opens a ``store`` (connections, ``lock``, ``mark``, ``wal``) once ``wholeness`` finds nothing
missing. ``log`` turns a commit into a ticket (``prepare``), ``combine`` gathers the tickets of all threads, and
``commit`` checks and writes them in one transaction; ``bell`` tells readers, and ``reading`` leaves nothing out.
``members`` and ``cursors`` decide who may move what. ``check``, ``damage`` and ``loss`` are for a bad day.
"""
