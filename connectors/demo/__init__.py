"""A generated case log through the whole walk, with one dossier's story and the books at the end."""
