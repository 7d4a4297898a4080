"""Specifications: tables that a clinician can read."""
