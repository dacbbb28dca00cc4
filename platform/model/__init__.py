"""The types of the domain: frozen values and enums. No disk, no clock, no environment."""
