"""Measurements: reference work, other libraries on the same cases, growth, files, start-up."""
