"""The work of one task: it joins a run, works its shards and records an outcome for every item."""
