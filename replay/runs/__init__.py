"""Replays: planned first, then run, to a target that nobody takes for the present.

`plan` is what a person agrees to, `planning` makes it from the log, `walk` reads the records in their order, `masking`
hides what contracts tag, `pace` says when each is due, `targets/` take the records, `running` is the loop that survives
being killed, `books` are the events that runs write about themselves. The page of this room has them all.
"""
