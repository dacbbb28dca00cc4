"""The same bytes every time: a manifest of what goes in, and a zip of it."""
