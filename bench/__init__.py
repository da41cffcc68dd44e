"""Our own rows of figures. Each is measured against the raw library, or a bare control, in the same run."""
