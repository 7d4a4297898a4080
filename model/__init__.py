"""The reasoning: knowledge to network to exact posterior to explained assessment. Pure."""
