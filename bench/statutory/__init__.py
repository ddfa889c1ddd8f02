"""A reader of cases in controlled English, and the grounding of what it read to facts of policies."""
