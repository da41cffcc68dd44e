"""History: find what happened to one dossier, and show it to a person."""
