"""Deliver packages. One flow serves all providers, and each provider has a file.

Modules of kind `delivery` use this package."""
