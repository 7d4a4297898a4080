"""The parts of an explanation as plain lines, one module a part."""
