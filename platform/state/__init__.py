"""The billing state in a release: write-once segments, and a chain of manifests that list them."""
