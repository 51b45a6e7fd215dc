"""The environment of this process: which task of a job it is, and how much of a machine it has."""
