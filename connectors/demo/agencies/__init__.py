"""Agencies that consume: police, social insurance and audit, each a process with a database of its own.

They need nothing of the bus but its public names, and are written as an agency would write them: an example to copy.
What an event leads to, and that it was handled, stand in one transaction; so whatever is killed, it is done once.
"""
