"""A province in one folder: partners, connectors and agencies, what is broken on purpose, one story and the books."""
