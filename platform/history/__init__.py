"""The history of invocations: what each did, with the record and log of every step that it ran."""
