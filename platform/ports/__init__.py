"""The ports: what the platform asks of a store or a service. Protocols only; adapters live
elsewhere."""
