"""The dashboard without a browser: its pure parts, and its pages run in this process."""
