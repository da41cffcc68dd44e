"""Decide on schemas and remember them: Avro rules, the store, and the clients of ``bus.registry.SchemaRegistry``."""
