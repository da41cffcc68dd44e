"""The embedded engine: a log in one SQLite file that threads and processes of one machine share.

A walk: ``engine`` opens a ``store`` (connections, ``lock``, ``mark``); ``log`` turns a commit into a ticket
(``prepare``), ``combine`` gathers the tickets of all threads, and ``commit`` checks and writes them in one
transaction; ``bell`` tells readers. ``members`` and ``cursors`` decide who may move what.
"""
