"""The faces of paresis: the command line and the dashboard. No reasoning happens here."""
