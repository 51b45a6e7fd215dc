"""Says before a run what it would do, take and cost, and writes nothing."""
