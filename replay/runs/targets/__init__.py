"""Where replays go, and what a person types for it.

`container`, `lines`, `topic` and `endpoint` are the targets. `layout` and `cloudevents` say how a record stands in a
container and in JSON, `growing` is what targets share that are files, `naming` reads what was typed, `opening` opens.
"""
