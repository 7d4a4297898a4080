"""Many vignettes at once: scoring, accuracy, benchmarks."""
