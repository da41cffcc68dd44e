"""Where replays go: each module is one target, and ``growing`` what those share that are files."""
