"""A page to look at: what came of every image of a run."""
