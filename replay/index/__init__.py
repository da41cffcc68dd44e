"""Where events of a person, a business or a dossier stand: a derived index, rebuilt from the log at will.

``keys`` hides identifiers, ``identifiers`` pulls them from events, ``store`` keeps postings, ``follower`` reads the
log into the store, and ``lookup`` answers. Nothing here is a source of truth: deleting the index or its key is safe.
"""
