"""The billing state in a release: segments that are never replaced, and a chain of manifests over them."""
