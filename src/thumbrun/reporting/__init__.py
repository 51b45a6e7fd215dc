"""The report of a run: a page, its content as JSON, and the ledger as a table."""
