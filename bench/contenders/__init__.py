"""The programs that users could choose instead of thumbrun, each used as its own documentation shows."""
