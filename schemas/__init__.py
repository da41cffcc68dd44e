"""The contracts as data: Avro schemas by domain, topics, dated code tables, value rules, and a small loader."""
