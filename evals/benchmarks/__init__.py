"""Public data sets, one module each, read from a folder that the user names."""
