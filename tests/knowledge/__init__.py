"""The files in `priors/`: what they hold, and what is said when they are wrong."""
