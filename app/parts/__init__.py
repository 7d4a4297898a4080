"""Pieces of the dashboard: what stands on its pages."""
