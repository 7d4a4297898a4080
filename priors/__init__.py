"""The knowledge: tables and rules that a clinician can read and edit. Data only."""
