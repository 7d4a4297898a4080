"""Against brute force, pgmpy, pyAgrum and simulation."""
