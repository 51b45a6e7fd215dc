"""The ledger of a run: processes write the outcome of every item in parts, and read the parts back."""
