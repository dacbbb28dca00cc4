"""What things are: frozen values and enums. No disk, no clock, no environment."""
