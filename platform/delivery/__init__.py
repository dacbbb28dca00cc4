"""Bringing a package somewhere: the flow written once, one file a provider. Modules of kind `delivery` build on it."""
