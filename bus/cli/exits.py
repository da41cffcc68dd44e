"""Exit codes of commands that did what they could. Those of errors stand on their classes."""

from __future__ import annotations

NOT_FOUND = 3
"""Everything was looked at, and there is nothing."""

PARTIAL = 7
"""Some of the work was done, and what was not is named."""

CONFLICT = 9
"""What stands already is not what was asked for; nothing was done."""

INTERRUPTED = 130
"""A person ended it."""
