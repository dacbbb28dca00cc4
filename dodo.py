"""The build graph of this workspace. platform/doit_plugin/graph.py derives the tasks from the work
orders in tenants/. You can add your own task creators below."""
import _platform_boot  # first: it makes our package importable as part of the standard `platform`

_platform_boot.ready()
