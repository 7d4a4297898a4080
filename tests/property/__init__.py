"""Properties: what holds for every patient (Hypothesis)."""
