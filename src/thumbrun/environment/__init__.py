"""What this process is and has: which task of a job, on how much of a machine."""
