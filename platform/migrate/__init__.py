"""Brings module contracts of the customer's earlier format into this one."""
