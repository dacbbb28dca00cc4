"""Pure: a Repo that was checked becomes a Plan. No disk, no clock, no environment."""
