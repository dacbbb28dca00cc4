"""Where releases are kept: named sets of files that are written once and never replaced. A folder, or GitHub."""
