"""Search services, for the modules that search."""
